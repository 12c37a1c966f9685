"""The command that deletes what has lost its meaning."""

import time
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from django_useraccounts.mail import announce
from django_useraccounts.management.commands import useraccounts_prune
from django_useraccounts.models import (
    AccountEvent,
    AttemptCounter,
    OldUsername,
    OneTimeSecret,
    OutgoingMail,
    UndeliverableAddress,
    UserEmail,
)
from django_useraccounts.secrets import RESET_PASSWORD, issue
from django_useraccounts.testing import make_user

pytestmark = pytest.mark.django_db


TABLES = (
    "accounts",
    "addresses",
    "counters",
    "usernames",
    "links",
    "exports",
    "reports",
    "mails",
    "events",
)


def told(**numbers):
    """Return what the command says that has deleted so many rows."""
    names = (*TABLES, "login_sessions", "closed_accounts")
    return ", ".join(f"{numbers.get(name, 0)} {name.replace('_', ' ')}" for name in names)


def prune(*options):
    out = StringIO()
    call_command("useraccounts_prune", *options, stdout=out)
    return out.getvalue().strip()


def test_only_counters_whose_time_is_over_go():
    now = int(time.time())
    AttemptCounter.objects.create(key="over", attempts=3, ends_at=now - 10)
    AttemptCounter.objects.create(key="runs", attempts=3, ends_at=now + 100)

    assert prune() == told(counters=1)

    assert AttemptCounter.objects.get().key == "runs"


def test_an_expired_link_stays_long_enough_to_say_so():
    make_user()
    address = UserEmail.objects.get()
    ages = {"new": -1, "expired": 5, "forgotten": 31}
    links = {name: issue(RESET_PASSWORD, address=address) for name in ages}
    for name, days in ages.items():
        links[name].expires_at = timezone.now() - timedelta(days=days)
        links[name].save()

    assert prune() == told(links=1)

    assert set(OneTimeSecret.objects.all()) == {links["new"], links["expired"]}


def test_a_username_is_forgotten_when_it_is_reserved_no_longer():
    now, user = timezone.now(), make_user()
    for name, days in (("released", -1), ("reserved", 1)):
        released_at = now + timedelta(days=days)
        OldUsername.objects.create(user=user, username_key=name, released_at=released_at)

    assert prune() == told(usernames=1)

    assert OldUsername.objects.get().username_key == "reserved"


def test_addresses_of_mails_that_were_sent_long_ago_are_not_kept():
    now = timezone.now()
    states = {
        "sent long ago": {"sent_at": now - timedelta(days=31), "due_at": None},
        "sent": {"sent_at": now - timedelta(days=29), "due_at": None},
        "given up": {"sent_at": None, "due_at": None, "user": make_user("maria")},
        "given up and nobody's": {"sent_at": None, "due_at": None},
        "waits": {"sent_at": None, "due_at": now},
    }
    for state, fields in states.items():
        mail = announce("no_account", to="maria@example.com")
        facts = {"created_at": now - timedelta(days=99), "error": state, **fields}
        OutgoingMail.objects.filter(pk=mail.pk).update(**facts)

    assert prune() == told(mails=2)

    kept = OutgoingMail.objects.values_list("error", flat=True)
    assert set(kept) == {"sent", "given up", "waits"}


def test_reports_that_were_not_repeated_or_are_about_nobody_go():
    long_ago = timezone.now() - timedelta(days=31)
    make_user("frida")
    reports = {
        "frida@example.com": "bounced",
        "nobody@example.com": "bounced",
        "tina@example.com": "failing",
        "lately@example.com": "failing",
    }
    for key, state in reports.items():
        UndeliverableAddress.objects.create(email_key=key, state=state, reported_at=long_ago)
    make_user("tina")
    UndeliverableAddress.objects.filter(pk="lately@example.com").update(reported_at=timezone.now())

    assert "2 reports" in prune()

    kept = UndeliverableAddress.objects.values_list("pk", flat=True)
    assert set(kept) == {"frida@example.com", "lately@example.com"}


def test_many_rows_go_in_batches(monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(useraccounts_prune, "BATCH", 10)
    counters = [AttemptCounter(key=f"{n}", attempts=1, ends_at=n) for n in range(25)]
    AttemptCounter.objects.bulk_create(counters)

    # Three batches, each read and deleted, and for every table the look that finds nothing, or two
    # where a table is looked through; mails are of two kinds.
    with django_assert_num_queries(2 * 3 + 11 + 3 + 1):
        assert "25 counters" in prune()

    assert not AttemptCounter.objects.exists()


def test_a_counter_that_begins_anew_meanwhile_stays():
    AttemptCounter.objects.create(key="returns", attempts=3, ends_at=1)
    ahead = int(time.time()) + 100

    def count_again(execute, sql, params, many, context):
        if sql.startswith("DELETE"):
            AttemptCounter.objects.update(ends_at=ahead)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count_again):
        assert prune() == told()

    assert AttemptCounter.objects.get().key == "returns"


# Events


def events_of_days_ago(*ages):
    user = make_user("maria")
    for days in ages:
        event = AccountEvent.objects.record("logged_in", user=user, details={"days": days})
        at = timezone.now() - timedelta(days=days)
        AccountEvent.objects.filter(pk=event.pk).update(at=at)


def test_events_stay_unless_somebody_says_for_how_long():
    events_of_days_ago(1, 20_000)

    assert prune() == told()

    assert AccountEvent.objects.count() == 2


def test_what_strangers_have_tried_at_nobodys_account_goes_after_90_days():
    maria = make_user("maria")
    long_ago = timezone.now() - timedelta(days=91)
    for kind, user in (
        *(("login_failed", None), ("login_failed", maria), ("password_link_requested", None)),
        *(("breach_check_failed", None), ("role_made", None), ("social_login_refused", None)),
        ("login_failed", None),
    ):
        AccountEvent.objects.record(kind, user=user)
    newest = AccountEvent.objects.latest("pk")
    AccountEvent.objects.exclude(pk=newest.pk).update(at=long_ago)

    assert prune() == told(events=4)

    left = AccountEvent.objects.order_by("pk").values_list("kind", "user")
    assert [*left] == [("login_failed", maria.pk), ("role_made", None), ("login_failed", None)]


def test_old_events_go_in_batches_and_the_command_says_how_many(
    monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(useraccounts_prune, "BATCH", 10)
    events_of_days_ago(1, 729, *[731] * 25)

    # Three batches, deleted after two looks, and the looks of the other tables.
    with django_assert_num_queries(2 + 3 + 11 + 3 + 1):
        said = prune("--events-older-than", "730")

    assert ", 25 events, " in said
    assert sorted(event.details["days"] for event in AccountEvent.objects.all()) == [1, 729]


@pytest.mark.parametrize("days", ["0", "-1", "36501", "99999999999999"])
def test_a_number_of_days_that_cannot_be_meant_deletes_nothing(days):
    events_of_days_ago(1, 731)

    with pytest.raises(CommandError, match=f"is {days}, not between 1 and 36500 days"):
        call_command("useraccounts_prune", events_older_than=int(days))

    assert AccountEvent.objects.count() == 2


def test_an_account_that_was_never_confirmed_leaves_an_event_without_what_tells_whose(rf):
    user = make_user("frida", confirmed=False)
    AccountEvent.objects.record("registered", user=user)
    user.date_joined = timezone.now() - timedelta(days=60)
    user.save()
    UserEmail.objects.update(created_at=user.date_joined)
    details = {"address": "frida@example.com"}
    AccountEvent.objects.record("email_added", user=user, details=details, request=rf.get("/"))

    assert prune() == told(accounts=1)

    _registered, added, pruned = AccountEvent.objects.order_by("pk")
    assert (added.user_id, added.details, added.client_address) == (user.pk, {}, None)
    assert (pruned.kind, pruned.user_id, pruned.actor_id) == ("account_pruned", user.pk, None)
