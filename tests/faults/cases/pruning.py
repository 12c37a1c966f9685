"""The command deletes what has lost its meaning, each batch in a transaction of its own."""

from datetime import datetime, timedelta
from io import StringIO
from unittest import mock

from django.core.management import call_command
from django.utils import timezone

from django_useraccounts.leaving.flows import request_export
from django_useraccounts.mail import announce
from django_useraccounts.management.commands import useraccounts_prune
from django_useraccounts.models import (
    AbstractUser,
    AccountEvent,
    AccountExport,
    AttemptCounter,
    OldUsername,
    OneTimeSecret,
    OutgoingMail,
    UndeliverableAddress,
)
from django_useraccounts.secrets import RESET_PASSWORD, issue
from django_useraccounts.sessions.models import LoginSession
from django_useraccounts.testing import make_user
from tests.faults.cases.sessions import row_of
from tests.faults.harness import GIVEN_UP_BEFORE, Act, case

#: The kind of a mail to nobody's account.
NOBODYS = "no_account"
WAS_GIVEN_UP = {"due_at": None, "attempts": 7, "error": GIVEN_UP_BEFORE}


def prune() -> None:
    call_command("useraccounts_prune", events_older_than=365, stdout=StringIO())


def ago(days: int) -> datetime:
    return timezone.now() - timedelta(days=days)


def stranger_tries(times: int) -> None:
    """Leave events of logins with a name that nobody has."""
    for _ in range(times):
        AccountEvent.objects.record("login_failed", user=None)
    AccountEvent.objects.filter(kind="login_failed").update(at=ago(99))


# What each transaction deletes, in the order of the command; counters are none of the rows that the
# loop looks at.


def usernames() -> None:
    OldUsername.objects.all().delete()


def links_and_their_mails() -> None:
    OneTimeSecret.objects.filter(purpose=RESET_PASSWORD.name).delete()


def exports() -> None:
    AccountExport.objects.all().delete()


def reports() -> None:
    UndeliverableAddress.objects.all().delete()


def mails_that_were_sent() -> None:
    OutgoingMail.objects.exclude(sent_at=None).delete()


def mails_that_were_given_up() -> None:
    OutgoingMail.objects.filter(kind=NOBODYS).delete()


def events_of_strangers() -> None:
    AccountEvent.objects.filter(kind="login_failed").delete()


def old_events() -> None:
    AccountEvent.objects.filter(kind="logged_in").delete()


@case(
    prune,
    between=(
        usernames,
        links_and_their_mails,
        exports,
        reports,
        mails_that_were_sent,
        mails_that_were_given_up,
        events_of_strangers,
        old_events,
    ),
    MAIL_DELIVERY="command",
)
def something_of_each_table() -> Act:
    maria = make_user("maria")
    AttemptCounter.objects.create(key="over", attempts=3, ends_at=1)
    OldUsername.objects.create(user=maria, username_key="mary", released_at=ago(1))
    _forget_a_link(maria)
    export = request_export(maria)
    OneTimeSecret.objects.filter(pk=export.secret.pk).update(expires_at=ago(1))
    UndeliverableAddress.objects.create(
        email_key="nobody@example.com", state="bounced", reported_at=ago(99)
    )
    sent = announce("welcome", to=maria.email, user=maria)
    OutgoingMail.objects.filter(pk=sent.pk).update(sent_at=ago(99), due_at=None)
    given_up = announce(NOBODYS, to="nobody@example.com")
    OutgoingMail.objects.filter(pk=given_up.pk).update(created_at=ago(99), **WAS_GIVEN_UP)
    stranger_tries(1)
    AccountEvent.objects.record("logged_in", user=maria)
    AccountEvent.objects.filter(kind="logged_in").update(at=ago(999))
    LoginSession.objects.filter(pk=row_of(maria).pk).update(seen_at=ago(999))
    return prune


def _forget_a_link(user: AbstractUser) -> None:
    """Let a link expire that was mailed, and whose mail was given up."""
    link = issue(RESET_PASSWORD, address=user.emails.get())
    announce("reset_password", to=user.email, user=user, secret=link)
    OutgoingMail.objects.update(**WAS_GIVEN_UP)
    OneTimeSecret.objects.filter(pk=link.pk).update(expires_at=ago(99))


def one_event() -> None:
    AccountEvent.objects.earliest("pk").delete()


@case(prune, between=(one_event, one_event))
def three_batches() -> Act:
    stranger_tries(3)

    def act() -> None:
        with mock.patch.object(useraccounts_prune, "BATCH", 1):
            prune()

    return act
