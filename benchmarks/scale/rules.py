"""What the site of the walk is like, and what it may cost more than a list of a hundred."""

ISSUER = "https://login.example"
#: The rooms, as a site has them; nobody is asked there.
ROOMS = {
    "SOCIAL": {
        "PROVIDERS": {"guild": {"LABEL": "Guild", "ISSUER": ISSUER, "CLIENT_ID": "site"}},
    },
    "MEMBERSHIPS": {
        "STRIPE_SECRET_KEY": "sk_test_of_nobody",
        "STRIPE_WEBHOOK_SECRET": "whsec_of_nobody",
    },
}
#: What may read more than is shown, and why.
TOLERATED = {
    "admin, useraccounts.rolegrant, state: *": "what a moment makes of a grant has no index",
    "admin, useraccounts.rolegrant, role: *": "the newest of a role that is rare lately",
    "admin, useraccounts.rolegrant, source: *": "a source that is rare has no index",
    "admin, useraccounts.user, end of a role: *": "the same, for users",
    "admin, useraccounts.user, role: *": "the same, for users",
    "admin, useraccounts_invitations.invitation, state: *": "the state is made of two tables",
    "admin, useraccounts_memberships.membership, state: *": "a state that is rare has no index",
    "admin, useraccounts_memberships.payment, state: *": "a state that is rare has no index",
    "admin, useraccounts.role, *": "counts a thousand holders of each role that is shown",
    "with_roles*": "PostgreSQL takes a rare role for as frequent as the others",
    "prune-*": "by windows, see the commands",
    "prune_unconfirmed-*": "by windows, see the commands",
    "tell_begun-*": "by windows, see the commands",
    "tell_ended-*": "by windows, see the commands",
    "remind_members-*": "by windows, see the commands",
}
