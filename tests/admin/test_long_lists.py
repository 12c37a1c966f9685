"""Lists of millions: counted to the pages that are next, and sorted by what has an index."""

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from django_useraccounts.admin import pages
from django_useraccounts.admin.bases import ListAdmin
from django_useraccounts.memberships.models import Plan
from django_useraccounts.models import AccountEvent, RoleGrant, UserEmail
from django_useraccounts.sessions.models import LoginSession
from django_useraccounts.testing import make_user
from tests.admin.pages import act, messages_of, page

pytestmark = pytest.mark.django_db


@pytest.fixture
def many(boss, monkeypatch):
    """Eight events, of which a page shows two."""
    monkeypatch.setattr(pages, "AHEAD", 1)
    monkeypatch.setattr(admin.site._registry[AccountEvent], "list_per_page", 2)
    for _number in range(8):
        AccountEvent.objects.record("logged_in", user=boss)


def test_a_list_is_counted_to_the_page_behind_the_one_that_is_shown(office, many):
    answer = office.get(page("changelist", model="accountevent"))

    assert answer.context["cl"].result_count == 4
    assert "4+ account events" in answer.content.decode()


def test_its_pages_go_on_to_the_last_one(office, many):
    number = AccountEvent.objects.count()
    shown, path = [], page("changelist", model="accountevent")
    for place in range(1, number // 2 + number % 2 + 1):
        shown += office.get(path, {"p": place}).context["cl"].result_list

    assert [event.pk for event in shown] == list(
        AccountEvent.objects.order_by("-pk").values_list("pk", flat=True)
    )
    last = office.get(path, {"p": place}).context["cl"]
    assert (last.result_count, str(last.result_count)) == (number, str(number))


@pytest.mark.parametrize("number", ["0", "-1", "x", "²", "9" * 50])
def test_a_page_that_there_is_not_is_no_error(office, many, number):
    answer = office.get(page("changelist", model="accountevent"), {"p": number})

    assert answer.status_code in {200, 302}


def test_no_list_of_ours_counts_all_rows(office):
    ours = [m for m in admin.site._registry if m._meta.app_label.startswith("useraccounts")]
    assert len(ours) > 10
    for model in ours:
        path = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        with CaptureQueriesContext(connection) as queries:
            office.get(path)
        counts = [query["sql"] for query in queries if query["sql"].startswith("SELECT COUNT(")]
        # Plans are what a site sells.
        assert [sql for sql in counts if "LIMIT" not in sql] == [] or model is Plan, counts


@pytest.mark.parametrize(
    "model, names",
    [
        (get_user_model(), {"username"}),
        (RoleGrant, set()),
        (AccountEvent, set()),
        (UserEmail, set()),
        (LoginSession, {"id", "seen_at"}),
    ],
)
def test_a_list_is_sorted_by_what_has_an_index_and_few_equal_values(model, names):
    columns = ["username", "email", "user", "starts_at", "ends_at", "is_active", "erase_at", "at"]
    columns += ["verified_key", "email_key", "id", "seen_at", "started_at", "no_column", len]
    columns = [name for name in columns if name != "id" or model is LoginSession]

    assert {name for name in columns if pages.is_sorted_by_index(model, name)} == names


def test_the_lists_ask_for_no_other_order(office):
    make_user("zoe")

    answer = office.get(page("changelist"), {"o": "2"})  # by the address

    assert [user.username for user in answer.context["cl"].result_list] == ["zoe", "boss"]
    assert isinstance(admin.site._registry[get_user_model()], ListAdmin)


def test_an_act_on_all_of_a_list_loads_some_at_a_time(office, monkeypatch):
    monkeypatch.setattr("django_useraccounts.admin.acts.BATCH", 2)
    users = [make_user(f"user{number}") for number in range(5)]

    with CaptureQueriesContext(connection) as queries:
        answer = act(office, "switch_off", *users)

    assert messages_of(answer) == ["Done for 5 accounts."]
    assert not get_user_model().objects.filter(username__startswith="user", is_active=True)
    loads = [q["sql"] for q in queries if "ORDER BY" in q["sql"] and "LIMIT 2" in q["sql"]]
    assert len(loads) == 3, loads
