"""What stays of sessions: in the administration, for who leaves, and not for ever."""

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from django_useraccounts.leaving.flows import close_account, erase_account
from django_useraccounts.models import AccountEvent
from django_useraccounts.policy import Policy
from django_useraccounts.sessions.models import LoginSession
from django_useraccounts.sessions.parts import forget_sessions, sessions_of
from django_useraccounts.testing import log_in, make_user
from tests.sessions.visits import SAFARI, age

pytestmark = pytest.mark.django_db

LIST = "admin:useraccounts_sessions_loginsession_changelist"


class Keeping(Policy):
    def leaving(self, user):
        return "anonymise"


@pytest.fixture
def maria():
    return make_user("maria")


def test_administrators_read_the_rows_and_end_sessions(maria, client, new_browser):
    boss = make_user("boss", is_staff=True, is_superuser=True)
    victim = new_browser(agent="<b>bold</b>").log_in()
    log_in(client, boss)

    page = client.get(reverse(LIST)).content.decode()
    assert "&lt;b&gt;bold&lt;/b&gt;" in page
    assert "<b>bold</b>" not in page
    answer = client.post(
        reverse(LIST), {"action": "end", "_selected_action": [victim.row.pk]}, follow=True
    )

    assert "1 session was ended." in answer.content.decode()
    assert not victim.is_in
    event = AccountEvent.objects.get(kind="session_ended")
    assert (event.user_id, event.actor_id) == (maria.pk, boss.pk)
    row = LoginSession.objects.get(user=maria)
    change = reverse("admin:useraccounts_sessions_loginsession_change", args=[row.pk])
    assert client.get(change).status_code == 200
    assert client.post(change, {"user_agent": "x"}).status_code == 403


def test_a_session_that_has_ended_is_not_said_to_be_ended_once_more(maria, client, new_browser):
    log_in(client, make_user("boss", is_staff=True, is_superuser=True))
    ended, victim = new_browser().log_in(), new_browser().log_in()

    def end(*browsers):
        data = {"action": "end", "_selected_action": [browser.row.pk for browser in browsers]}
        answer = client.post(reverse(LIST), data, follow=True)
        return [str(message) for message in answer.context["messages"]]

    assert end(ended) == ["1 session was ended."]
    assert end(ended, victim) == ["1 session was ended."]
    assert end(ended, victim) == ["0 sessions were ended."]
    assert AccountEvent.objects.filter(kind="session_ended").count() == 2


def test_who_may_only_read_ends_nothing(maria, client, new_browser):
    clerk = make_user("clerk", is_staff=True)
    from django.contrib.auth.models import Permission

    clerk.user_permissions.set(Permission.objects.filter(codename="view_loginsession"))
    victim = new_browser().log_in()
    log_in(client, clerk)

    client.post(reverse(LIST), {"action": "end", "_selected_action": [victim.row.pk]})

    assert victim.is_in


def test_who_leaves_takes_along_where_and_when(maria, new_browser):
    new_browser(agent=SAFARI).log_in()

    [row] = sessions_of(maria)

    assert (row["browser"], row["from"], row["ended"]) == (SAFARI, "203.0.113.7", None)
    assert set(row) == {"browser", "from", "began", "used_last", "ended"}


@pytest.mark.parametrize("policy", [None, f"{__name__}.Keeping"])
def test_no_address_or_browser_of_who_is_erased_stays(maria, client, new_browser, set_conf, policy):
    if policy:
        set_conf(POLICY=policy)
    client.log_in()
    new_browser(agent=SAFARI, address="198.51.100.1").log_in()

    erase_account(maria)

    assert not LoginSession.objects.exists()
    from django_useraccounts.models import OneTimeSecret, OutgoingMail

    left = [list(model.objects.values()) for model in (AccountEvent, OutgoingMail, OneTimeSecret)]
    assert "198.51.100.1" not in str(left)
    assert "Safari" not in str(left)


def test_the_log_of_the_administration_tells_of_none_by_as_many_statements_as_of_one(maria):
    boss = make_user("boss", is_staff=True)
    LoginSession.objects.bulk_create(
        LoginSession(user=user, epoch=0, user_agent=SAFARI)
        for user, number in ((boss, 1), (maria, 30))
        for _ in range(number)
    )
    for row in LoginSession.objects.all():
        LogEntry.objects.create(
            user_id=boss.pk,
            content_type=ContentType.objects.get_for_model(LoginSession),
            object_id=str(row.pk),
            object_repr=str(row),
            action_flag=CHANGE,
        )
    keys = {f"#{row.pk}" for row in LoginSession.objects.all()}

    counts = []
    for user in (boss, maria):
        with CaptureQueriesContext(connection) as statements:
            forget_sessions(user)
        counts.append(len(statements))

    assert counts[0] == counts[1]
    assert set(LogEntry.objects.values_list("object_repr", flat=True)) == keys


def test_a_closed_account_has_no_sessions(maria, client, new_browser):
    other = new_browser().log_in()
    client.log_in()

    close_account(maria)

    assert not client.is_in
    assert not other.is_in


def test_rows_that_nobody_asks_for_are_pruned(maria, new_browser):
    for _ in range(3):
        new_browser().log_in()
    kept, old, ended = LoginSession.objects.all()
    age(timedelta(days=193), pk=kept.pk)
    age(timedelta(days=195), pk=old.pk)
    LoginSession.objects.filter(pk=ended.pk).end()

    out = StringIO()
    call_command("useraccounts_prune", stdout=out)

    assert "1 login sessions" in out.getvalue()
    assert {row.pk for row in LoginSession.objects.all()} == {kept.pk, ended.pk}
