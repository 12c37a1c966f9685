"""The roles of the guild, as its settings declare them; useraccounts_sync_roles makes them."""

ROLES = {
    "artist": {"label": "Artist", "description": "Makes things that nobody has asked for."},
    "programmer": {
        "label": "Programmer",
        "description": "Makes things that somebody has asked for, more or less.",
    },
    "starving": {"label": "Starving", "description": "Has not eaten since the last commission."},
    "member": {
        "label": "Paying member",
        "description": "Has paid this year's fee, and may sit by the fire.",
    },
    "secret": {"label": "Sworn to secrecy", "description": "Knows the knock."},
    "agent": {"label": "Agent", "description": "Travels a lot, and cannot say where."},
    "sauce": {"label": "Keeper of the sauce", "description": "Knows what is in it."},
    "host": {"label": "Host", "description": "Keeps a salon, and invites people to it."},
    "funny": {"label": "Funny", "description": "Makes people laugh on purpose."},
    "witty": {"label": "Witty", "description": "Makes people laugh a little later."},
    "hilarious": {"label": "Hilarious", "description": "Makes people fall off chairs."},
    "newcomer": {"label": "Newcomer", "description": "Has just come in, and is shown around."},
    "desk": {
        "label": "At the desk",
        "description": "Takes the fees, and lets people have what they have paid for.",
        # What Django's administration asks for; which roles are given at the desk says the policy.
        "permissions": [
            "useraccounts.view_user",
            "useraccounts.change_user",
            "useraccounts.view_role",
            "useraccounts.view_rolegrant",
            "useraccounts.add_rolegrant",
            "useraccounts.delete_rolegrant",
        ],
    },
}
