"""Bugs of invitations: used too often, by the wrong one, for more than who invites may give."""

from tests.control.bug import Bug, Change

ACCEPT = "tests/invitations/test_accept.py::"

BUGS = (
    Bug(
        name="invitation-used-twice-at-once",
        row="F1",
        what="One invitation that two accept at once lets both in.",
        whose="pinax (uses are counted first), Flask-User",
        changes=(
            Change(
                "invitations/flows.py",
                'if not Invitation.objects.waiting().filter(pk=fresh.pk).update(uses=F("uses") + 1):',
                'if not Invitation.objects.filter(pk=fresh.pk).update(uses=F("uses") + 1):',
            ),
            Change(
                "invitations/models.py",
                'condition=Q(uses__lte=F("uses_allowed")),',
                "condition=Q(uses__gte=0),",
            ),
        ),
        tests=(
            "tests/attacks/test_S_races_of_invitations.py::test_S3_F1_one_mailed_invitation_accepted_by_two_is_accepted_by_one",
        ),
        database="postgresql",
    ),
    Bug(
        name="right-of-who-invited",
        row="F3",
        what="An invitation gives roles that who invited may not give any more.",
        whose="many",
        changes=(
            Change(
                "invitations/flows.py",
                "_refuse_without_right(fresh.invited_by, list(fresh.roles.all()), request=None)",
                "pass",
            ),
        ),
        tests=(ACCEPT + "test_an_invitation_is_void_when",),
    ),
    Bug(
        name="invited-is-registered",
        row="F5",
        what="Who invites is told whose address has an account.",
        whose="Flask-User",
        changes=(
            Change(
                "invitations/flows.py",
                "UserEmail.objects.filter(user=by, email_key=to.key)",
                "UserEmail.objects.filter(email_key=to.key)",
            ),
        ),
        tests=(
            "tests/invitations/test_invite.py::test_a_known_address_costs_and_leaves_what_an_unknown_one_does",
            "tests/invitations/test_own_invitations.py::test_known_and_unknown_addresses_look_the_same",
        ),
    ),
    Bug(
        name="silent-attach",
        row="F7",
        what="Who opens an invitation while being logged in has accepted it.",
        whose="naive",
        changes=(
            Change(
                "invitations/views.py",
                "        self._find(link)\n        return secret\n",
                "        self._find(link)\n"
                "        if self.request.user.is_authenticated:\n"
                "            accept_invitation(self.invitation, user=self.user, request=self.request)\n"
                "        return secret\n",
            ),
        ),
        tests=(ACCEPT + "test_who_is_logged_in_accepts_with_a_button",),
    ),
    Bug(
        name="withdrawn-is-accepted",
        row="F4",
        what="An invitation that was withdrawn, or is too old, is accepted.",
        whose="naive",
        changes=(
            Change("invitations/flows.py", 'if fresh.state != "waiting":', "if False:"),
            Change(
                "invitations/flows.py",
                "if not Invitation.objects.waiting().filter(pk=fresh.pk)",
                "if not Invitation.objects.filter(pk=fresh.pk)",
            ),
        ),
        tests=(
            ACCEPT + "test_an_invitation_is_void_when",
            "tests/invitations/test_invite.py::test_a_withdrawn_invitation_is_neither_accepted_nor_mailed",
        ),
    ),
    Bug(
        name="link-in-the-note",
        row="F6",
        what="A stranger has the site mail his link to whom he likes, as a note.",
        whose="many",
        changes=(Change("invitations/models.py", "if looks_like_link(plain):", "if False:"),),
        tests=("tests/invitations/test_notes.py::test_what_looks_like_a_link_is_refused",),
    ),
)
