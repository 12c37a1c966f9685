"""What the room hands out of who leaves, and what it forgets."""

import pytest

from django_useraccounts.canonical import clean_email
from django_useraccounts.invitations.flows import accept_invitation, invite
from django_useraccounts.invitations.models import (
    ACCEPT_INVITATION,
    Invitation,
    InvitationUse,
)
from django_useraccounts.invitations.parts import invitations_of
from django_useraccounts.leaving.flows import erase_account
from django_useraccounts.models import AccountEvent
from django_useraccounts.policy import Policy
from django_useraccounts.secrets import link_of, peek
from django_useraccounts.testing import make_user

pytestmark = pytest.mark.django_db


class Keeping(Policy):
    def leaving(self, user):
        return "anonymise"


def test_who_leaves_takes_along_whom_they_invited_and_what_they_accepted(maria):
    frida = make_user("frida")
    invitation = invite("frida@example.com", by=maria, roles=["artist"], note="Bring cake.")
    accept_invitation(invitation, user=frida)

    [sent], [accepted] = invitations_of(maria)["sent"], invitations_of(frida)["accepted"]

    assert (sent["to"], sent["note"]) == ("frida@example.com", "Bring cake.")
    assert (sent["roles"], sent["state"]) == (["artist"], "accepted")
    assert accepted["invitation"] == invitation.pk
    assert invitations_of(maria)["accepted"] == invitations_of(frida)["sent"] == []


@pytest.mark.parametrize("policy", [None, f"{__name__}.Keeping"])
def test_nothing_of_who_was_invited_stays_with_who_invited(maria, set_conf, policy):
    if policy:
        set_conf(POLICY=policy)
    frida = make_user("frida")
    accepted = Invitation.objects.add(clean_email(frida.email), by=maria, note="For Frida.")
    accept_invitation(accepted, user=frida)
    invite("frida@example.com", by=maria, note="Once more.")

    erase_account(frida)

    [left] = Invitation.objects.all()
    assert (left.pk, left.email, left.note) == (accepted.pk, "", "")
    assert not InvitationUse.objects.exists()
    assert "frida" not in str(list(AccountEvent.objects.values_list("details", flat=True)))


def test_a_link_for_many_goes_on_to_work_when_one_of_them_leaves(maria):
    frida = make_user("frida")
    invitation = Invitation.objects.add(None, by=maria, note="Bring cake.", uses=3)
    accept_invitation(invitation, user=frida)
    link = link_of(invitation.link)

    erase_account(frida)

    assert peek(ACCEPT_INVITATION, link).pending == "Bring cake."


@pytest.mark.parametrize("policy", [None, f"{__name__}.Keeping"])
def test_who_invited_leaves_no_invitation_behind(maria, set_conf, policy):
    if policy:
        set_conf(POLICY=policy)
    frida = make_user("frida")
    accept_invitation(Invitation.objects.add(None, by=maria, uses=3), user=frida)
    invite("nova@example.com", by=maria)

    erase_account(maria)

    assert not Invitation.objects.exists()
