"""The command that sends what is due."""

import signal
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from django_useraccounts.mail import announce
from django_useraccounts.management.commands import useraccounts_send_mail
from django_useraccounts.models import OutgoingMail
from django_useraccounts.testing import mails_to

pytestmark = pytest.mark.django_db


def send(**options):
    out = StringIO()
    call_command("useraccounts_send_mail", stdout=out, **options)
    return out.getvalue().strip()


def test_it_sends_what_is_due_and_says_how_much():
    for name in ("a", "b"):
        announce("no_account", to=f"{name}@example.com")
    later = announce("no_account", to="later@example.com")
    OutgoingMail.objects.filter(pk=later.pk).update(due_at=timezone.now() + timedelta(hours=1))

    assert send() == "2 sent"
    assert send() == "0 sent"

    assert mails_to("a@example.com")
    assert not mails_to("later@example.com")


def test_the_longest_waiting_mails_go_first():
    for name in ("a", "b"):
        announce("no_account", to=f"{name}@example.com")

    assert send(limit=1) == "1 sent"

    assert mails_to("a@example.com")
    assert not mails_to("b@example.com")


# Within a transaction the command would close the connection: it has no autocommit there.
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_for_ever_it_looks_again_after_the_database_was_away(monkeypatch, caplog, error):
    looks = []

    def look(**options):
        looks.append(options)
        if len(looks) == 1:
            raise error("the connection is closed")
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(useraccounts_send_mail, "deliver_due", look)

    send(forever=True, every=0.01)

    assert len(looks) == 2
    assert "The outbox could not be read." in caplog.text
