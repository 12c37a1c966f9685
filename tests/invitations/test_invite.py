"""Invite, send again, withdraw: by the flows, as programs call them."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_useraccounts.administration.flows import switch_off
from django_useraccounts.errors import (
    EmailAlreadyYours,
    InvalidEmail,
    TooManyAttempts,
    UnknownRole,
)
from django_useraccounts.invitations.errors import (
    AlreadyInvited,
    InvalidMaxAge,
    InvalidNote,
    InvalidUses,
    InvitationVoid,
    MailedToOne,
    MayNotGrant,
    MayNotInvite,
    NotMailed,
)
from django_useraccounts.invitations.flows import (
    accept_invitation,
    invite,
    resend_invitation,
    withdraw_invitation,
)
from django_useraccounts.invitations.models import ACCEPT_INVITATION, Invitation
from django_useraccounts.invitations.signals import invitation_withdrawn, invited
from django_useraccounts.mail import deliver_due
from django_useraccounts.models import AccountEvent, OneTimeSecret, OutgoingMail
from django_useraccounts.policy import Policy
from django_useraccounts.secrets import link_of, peek
from django_useraccounts.testing import (
    html_of,
    lifted_limits,
    link_in,
    mails_to,
    make_user,
)

FRIDA = "frida@example.com"


def news_of(signal, act):
    """Return what the receivers of a signal are told while something is done."""
    heard = []

    def hear(**news):
        heard.append(news)

    signal.connect(hear)
    try:
        act()
    finally:
        signal.disconnect(hear)
    return heard


# Invite


def test_an_address_is_mailed_a_link(maria, sent):
    with sent():
        invitation = invite(FRIDA, by=maria, roles=["artist"], note="Bring cake.\nAnd tea.")

    [mail] = mails_to(FRIDA)
    assert mail.subject == "maria invites you to testserver"
    assert "> Bring cake.\n> And tea." in mail.body
    assert "Bring cake.<br>And tea." in html_of(mail)
    assert "<strong><bdi>maria</bdi></strong> invites you" in html_of(mail)
    assert link_in(mail) == f"/accounts/accept-invitation/{link_of(invitation.link)}/"
    assert invitation.state == "waiting"
    assert [role.name for role in invitation.roles.all()] == ["artist"]


def test_an_invitation_lasts_for_two_weeks_or_as_long_as_is_said(maria):
    now = timezone.now()

    usual = invite(FRIDA, by=maria)
    short = invite("short@example.com", by=maria, max_age=timedelta(hours=1))

    assert abs(usual.expires_at - now - timedelta(days=14)) < timedelta(minutes=1)
    assert abs(short.expires_at - now - timedelta(hours=1)) < timedelta(minutes=1)
    assert (usual.link.expires_at, short.link.expires_at) == (usual.expires_at, short.expires_at)


def test_an_open_invitation_is_mailed_to_nobody(maria, sent):
    with sent():
        invitation = invite(by=maria, uses=30)

    assert not OutgoingMail.objects.exists()
    assert peek(ACCEPT_INVITATION, link_of(invitation.link)) == invitation.link


def test_an_event_and_a_signal_tell_of_it(maria, sent):
    def act():
        with sent():
            invite(FRIDA, by=maria, roles=["artist"])

    [news] = news_of(invited, act)

    invitation = Invitation.objects.get()
    assert (news["user"], news["invitation"], news["request"]) == (maria, invitation, None)
    event = AccountEvent.objects.get(kind="invited")
    assert (event.user, event.actor) == (maria, maria)
    assert event.details == {
        "invitation": invitation.pk,
        "roles": ["artist"],
        "uses": 1,
    }


def test_no_table_holds_the_link(maria):
    invitation = invite(FRIDA, by=maria)
    proof = str(link_of(invitation.link))[22:]

    for model in (Invitation, OneTimeSecret, OutgoingMail, AccountEvent):
        assert proof not in str(list(model.objects.values()))


STATES = {
    "nobody": lambda: None,
    "somebody": lambda: make_user("frida", roles=["painter"]),
    "a claim": lambda: make_user("frida", confirmed=False),
    "somebody who is off": lambda: make_user("frida", is_active=False),
}


@pytest.mark.parametrize("state", STATES)
def test_a_known_address_costs_and_leaves_what_an_unknown_one_does(maria, sent, settings, state):
    settings.USERACCOUNTS = {**settings.USERACCOUNTS, "MAIL_DELIVERY": "command"}
    STATES[state]()
    before = OneTimeSecret.objects.count(), OutgoingMail.objects.count()

    with CaptureQueriesContext(connection) as queries:
        invite(FRIDA, by=maria, roles=["artist"])

    statements = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
    assert len(statements) == 14, statements
    rows = OneTimeSecret.objects.count(), OutgoingMail.objects.count()
    assert rows == (before[0] + 1, before[1] + 1)
    mail = OutgoingMail.objects.get()
    assert (mail.to, mail.user, mail.kind) == (FRIDA, None, "accept_invitation")


@pytest.mark.parametrize(
    "error, wrong",
    [
        (InvalidEmail, {"email": "frida"}),
        (InvalidEmail, {"email": "a@example.com,b@example.com"}),
        (InvalidEmail, {"email": "frida@example.com\nBcc: eve@example.com"}),
        (EmailAlreadyYours, {"email": "MARIA@example.com"}),
        (AlreadyInvited, {"email": "Waits@example.com"}),
        (InvalidNote, {"note": "evil.example"}),
        (UnknownRole, {"roles": ["emperor"]}),
        (InvalidUses, {"uses": 0}),
        (InvalidUses, {"uses": -1}),
        (InvalidUses, {"email": "", "uses": 1001}),
        (MailedToOne, {"uses": 2}),
        (InvalidMaxAge, {"max_age": timedelta()}),
        (InvalidMaxAge, {"max_age": timedelta(days=366)}),
    ],
)
def test_what_cannot_be_meant_is_refused_and_leaves_nothing(maria, error, wrong):
    invite("waits@example.com", by=maria)
    before = OutgoingMail.objects.count(), OneTimeSecret.objects.count()

    with pytest.raises(error):
        invite(**{"email": FRIDA, "by": maria, **wrong})

    assert Invitation.objects.count() == 1
    assert (OutgoingMail.objects.count(), OneTimeSecret.objects.count()) == before


def test_who_may_not_invite_does_not(maria):
    with pytest.raises(MayNotInvite):
        invite(FRIDA, by=make_user("pablo"))
    switch_off(maria)
    with pytest.raises(MayNotInvite):
        invite(FRIDA, by=type(maria).objects.get(pk=maria.pk))


def test_nobody_gives_by_invitation_what_he_may_not_give(maria):
    maria.user_permissions.remove(*maria.user_permissions.filter(codename="add_rolegrant"))
    fresh = type(maria).objects.get(pk=maria.pk)

    with pytest.raises(MayNotGrant):
        invite(FRIDA, by=fresh, roles=["artist"])

    assert invite(FRIDA, by=fresh).state == "waiting"


class ArtistsOnly(Policy):
    def may_invite(self, user, *, request):
        return user.has_roles("artist")

    def may_grant(self, user, role_names):
        return set(role_names) <= {"member"}


def test_a_site_may_say_otherwise_who_invites_as_what(maria, set_conf):
    set_conf(POLICY=f"{__name__}.ArtistsOnly")
    frida = make_user("frida", roles=["artist"])

    assert invite("a@example.com", by=frida, roles=["member"]).state == "waiting"
    with pytest.raises(MayNotGrant):
        invite("b@example.com", by=frida, roles=["member", "artist"])
    with pytest.raises(MayNotInvite):
        invite("c@example.com", by=maria)


def test_where_nobody_has_an_address_only_links_are_handed_out(maria, set_conf):
    set_conf(EMAIL="off")

    with pytest.raises(InvalidEmail, match="no e-mail addresses here"):
        invite(FRIDA, by=maria)

    assert invite(by=maria).state == "waiting"


def test_no_mailbox_is_flooded(maria, let_invite):
    for number in range(5):
        invite(FRIDA, by=let_invite(f"host{number}"))

    with pytest.raises(TooManyAttempts):
        invite(FRIDA, by=maria)


def test_who_has_sent_many_in_a_day_waits(maria, rf, set_conf):
    set_conf(LIMITS={"invite": {"identifier": "2/1d"}})
    request = rf.post("/")
    for number in range(2):
        invite(f"a{number}@example.com", by=maria, request=request)

    with pytest.raises(TooManyAttempts):
        invite(FRIDA, by=maria, request=request)
    assert invite(FRIDA, by=maria)  # a program knows what it does


def test_an_address_can_be_invited_again_when_the_first_one_is_over(maria):
    with lifted_limits():
        withdraw_invitation(invite(FRIDA, by=maria))
        Invitation.objects.filter(pk=invite(FRIDA, by=maria).pk).update(expires_at=timezone.now())
        # As when the account was taken back from a thief.
        ended = invite(FRIDA, by=maria)
        OneTimeSecret.objects.filter(pk=ended.link_id).update(redeemed_at=timezone.now())

        assert invite(FRIDA, by=maria).state == "waiting"


def test_the_tables_hold_what_must_always_hold(maria):
    invitation = invite(by=maria, uses=2)
    row = Invitation.objects.filter(pk=invitation.pk)

    for wrong in ({"uses": 3}, {"email_key": "x"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            row.update(**wrong)


def test_an_invitation_goes_with_who_made_it(maria):
    invite(FRIDA, by=maria)

    maria.delete()

    assert not Invitation.objects.exists()
    assert not OneTimeSecret.objects.exists()
    assert not OutgoingMail.objects.exists()


# Send again


def test_the_same_link_is_mailed_again(maria, sent):
    with sent():
        invitation = invite(FRIDA, by=maria)
    with sent():
        resend_invitation(invitation)

    first, second = mails_to(FRIDA)
    assert link_in(first) == link_in(second)
    assert AccountEvent.objects.filter(kind="invitation_resent", user=maria).count() == 1


def test_an_open_invitation_is_not_sent(maria):
    with pytest.raises(NotMailed):
        resend_invitation(invite(by=maria))


def test_what_is_over_is_not_sent_again(maria):
    invitation = invite(FRIDA, by=maria)
    withdraw_invitation(invitation)

    with pytest.raises(InvitationVoid, match="withdrawn"):
        resend_invitation(invitation)

    assert OutgoingMail.objects.count() == 1


# Withdraw


def test_a_withdrawn_invitation_is_neither_accepted_nor_mailed(maria):
    invitation = invite(FRIDA, by=maria)

    withdraw_invitation(invitation)

    assert deliver_due(limit=9) == 0
    assert "no longer valid" in OutgoingMail.objects.get().error
    with pytest.raises(InvitationVoid, match="withdrawn"):
        accept_invitation(invitation, user=make_user("frida"))


def test_an_event_and_a_signal_tell_of_the_withdrawal_once(maria, sent):
    invitation, boss = invite(FRIDA, by=maria), make_user("boss")

    def act():
        for _ in range(2):
            with sent():
                withdraw_invitation(invitation, by=boss)

    [news] = news_of(invitation_withdrawn, act)

    assert (news["user"], news["invitation"]) == (maria, invitation)
    event = AccountEvent.objects.get(kind="invitation_withdrawn")
    assert (event.user, event.actor) == (maria, boss)


def test_what_was_accepted_cannot_be_withdrawn(maria):
    invitation = invite(FRIDA, by=maria, roles=["artist"])
    frida = make_user("frida")
    accept_invitation(invitation, user=frida)

    with pytest.raises(InvitationVoid, match="accepted"):
        withdraw_invitation(invitation)

    assert frida.role_names == {"artist"}


def test_an_open_one_is_withdrawn_for_those_who_have_not_accepted_yet(maria):
    invitation = invite(by=maria, uses=3, roles=["artist"])
    frida = make_user("frida")
    accept_invitation(invitation, user=frida)

    withdraw_invitation(invitation)

    assert frida.role_names == {"artist"}
    with pytest.raises(InvitationVoid, match="withdrawn"):
        accept_invitation(invitation, user=make_user("ada"))
