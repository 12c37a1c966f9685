"""The mail that invites: what it says, and when it does not leave any more."""

from datetime import timedelta

import pytest
from django.core import mail as outside
from django.utils import timezone

from django_useraccounts.administration.flows import switch_off
from django_useraccounts.invitations.flows import accept_invitation, invite
from django_useraccounts.invitations.models import Invitation
from django_useraccounts.mail import deliver_due
from django_useraccounts.message import compose
from django_useraccounts.models import OneTimeSecret, OutgoingMail
from django_useraccounts.testing import html_of, make_user

FRIDA = "frida@example.com"


def test_it_quotes_the_note_and_says_how_long_it_lasts(maria, set_conf):
    set_conf(SITE_NAME="The Guild")
    note = "A long line that goes on and on until a mail of plain text has to break it.\n<b>Bye</b>"
    invitation = invite(FRIDA, by=maria, note=note)

    message = compose(OutgoingMail.objects.get())

    assert message.subject == "maria invites you to The Guild"
    assert "\n> A long line that goes on" in message.body
    assert "\n> <b>Bye</b>\n" in message.body
    assert "&lt;b&gt;Bye&lt;/b&gt;" in html_of(message)
    until = f"lasts until {invitation.expires_at:%b}"
    for text in (message.body, html_of(message)):
        assert until in text.replace("\n", " ")
    assert all(len(line) < 100 for line in message.body.splitlines() if "://" not in line)


def test_without_a_username_the_name_of_who_invites_is_not_told(maria, set_conf):
    set_conf(USERNAME="off", LOGIN_BY="email")
    invite(FRIDA, by=maria)

    message = compose(OutgoingMail.objects.get())

    assert message.subject == "You are invited to testserver"
    for text in (message.body, html_of(message)):
        assert "Somebody who knows you invites you" in text
        assert "maria" not in text


def test_without_a_note_nothing_is_quoted(maria):
    invite(FRIDA, by=maria)

    message = compose(OutgoingMail.objects.get())

    assert ">" not in message.body
    assert "None" not in message.subject + message.body + html_of(message)


@pytest.mark.parametrize(
    "happen",
    [
        switch_off,
        lambda maria: OneTimeSecret.objects.update(expires_at=timezone.now() - timedelta(days=1)),
        lambda maria: maria.delete(),
    ],
    ids=["who invited is off", "it is over", "who invited is gone"],
)
def test_what_is_void_is_not_mailed_any_more(maria, happen):
    invite(FRIDA, by=maria)

    happen(maria)

    assert deliver_due(limit=9) == 0
    assert outside.outbox == []


def test_what_was_accepted_is_not_mailed_any_more(maria):
    invitation = invite(FRIDA, by=maria)
    accept_invitation(invitation, user=make_user("frida"))

    assert deliver_due(limit=9) == 0
    assert outside.outbox == []


def test_what_has_been_over_for_a_month_is_forgotten(maria):
    from django.core.management import call_command

    invite("new@example.com", by=maria)
    old = invite(FRIDA, by=maria)
    long_ago = timezone.now() - timedelta(days=31)
    OneTimeSecret.objects.filter(pk=old.link_id).update(expires_at=long_ago)

    call_command("useraccounts_prune", verbosity=0)

    assert [row.email for row in Invitation.objects.all()] == ["new@example.com"]
    assert OutgoingMail.objects.get().to == "new@example.com"
