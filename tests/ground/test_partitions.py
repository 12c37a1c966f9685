"""docs/scaling.rst: events, mails and counters in partitions, as its SQL makes them."""

from datetime import datetime, timedelta

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from docutils import nodes

from django_useraccounts.checks.database import constraints
from django_useraccounts.errors import TooManyAttempts
from django_useraccounts.limits import spend
from django_useraccounts.mail import announce
from django_useraccounts.models import AccountEvent, AttemptCounter, OutgoingMail
from django_useraccounts.testing import PASSWORD, make_user
from tests.readme import document

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="for PostgreSQL only"),
]


#: What the page says for the first day of the month after the next one, and of the next one.
WRITTEN = ("2027-01-01", "2026-12-01")


def first_of_next(day):
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def run(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def partition():
    """Do to a table what the page says, within the transaction of the test."""
    blocks = [b.astext() for b in document("docs/scaling.rst").findall(nodes.literal_block)]

    def divide(table):
        [sql] = [b for b in blocks if b.startswith(f"BEGIN;\nALTER TABLE useraccounts_{table} ")]
        next_month = first_of_next(timezone.now().date())
        for written, meant in zip(WRITTEN, (first_of_next(next_month), next_month), strict=True):
            sql = sql.replace(written, str(meant))
        run("SET CONSTRAINTS ALL IMMEDIATE")
        run(sql.removeprefix("BEGIN;").removesuffix("COMMIT;"))
        assert list(constraints("default")) == []

    return divide


def rows_of(table):
    return run(f"SELECT count(*) FROM useraccounts_{table}")[0][0]


def an_event(at):
    return AccountEvent.objects.create(kind="logged_out", at=at)


def test_events_go_on_and_a_month_is_dropped_as_one(client, partition):
    frida = make_user("frida", is_superuser=True, is_staff=True)
    AccountEvent.objects.record("logged_out", user=frida)
    before = AccountEvent.objects.latest("pk")

    partition("accountevent")

    form = {"identifier": "frida", "password": PASSWORD}
    assert client.post(reverse("useraccounts:login"), form).status_code == 302
    assert AccountEvent.objects.latest("pk").pk > before.pk
    assert client.get(reverse("useraccounts:history")).status_code == 200
    assert client.get(reverse("admin:useraccounts_accountevent_changelist")).status_code == 200
    counts = AccountEvent.objects.count()
    now = timezone.now()
    an_event(first_of_next(now) + timedelta(days=14))
    later = an_event(now + timedelta(days=1600))
    assert (rows_of("accountevent_2026_12"), AccountEvent.objects.count()) == (1, counts + 2)

    run("ALTER TABLE useraccounts_accountevent DETACH PARTITION useraccounts_accountevent_2026_12")

    assert AccountEvent.objects.count() == counts + 1
    later.refresh_from_db()


def test_pruning_events_knows_no_partitions(partition):
    old = an_event(timezone.now() - timedelta(days=2000))
    young = AccountEvent.objects.record("logged_out", user=None)
    partition("accountevent")

    call_command("useraccounts_prune", events_older_than=300)

    assert list(AccountEvent.objects.values_list("pk", flat=True)) == [young.pk]
    assert old.pk < young.pk


def test_mails_go_out_once_and_go_with_their_links(partition, django_capture_on_commit_callbacks):
    make_user("frida")
    partition("outgoingmail")

    with django_capture_on_commit_callbacks(execute=True):
        announce("no_account", to="frida@example.com")
    OutgoingMail.objects.create(
        kind="no_account",
        to="old@example.com",
        created_at=datetime(2020, 1, 1, tzinfo=timezone.get_current_timezone()),
        sent_at=datetime(2020, 1, 1, tzinfo=timezone.get_current_timezone()),
        due_at=None,
    )

    assert [message.to for message in mail.outbox] == [["frida@example.com"]]
    call_command("useraccounts_prune")
    assert [row.to for row in OutgoingMail.objects.all()] == ["frida@example.com"]


def test_counters_count_exactly_in_four_tables(set_conf, partition):
    set_conf(LIMITS={"export": {"identifier": "3/1h"}})
    spend("export", identifier="frida", request=None)
    partition("attemptcounter")

    for number in range(40):
        spend("export", identifier=f"somebody {number}", request=None)
    for _time in range(2):
        spend("export", identifier="frida", request=None)
    with pytest.raises(TooManyAttempts):
        spend("export", identifier="frida", request=None)

    shares = [rows_of(f"attemptcounter_{part}") for part in range(4)]
    assert all(shares)
    assert sum(shares) == AttemptCounter.objects.count() == 41
