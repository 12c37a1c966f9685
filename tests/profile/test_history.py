"""The page where people read what happened to their account."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags

from django_useraccounts.models import AccountEvent, Role
from django_useraccounts.roles.flows import grant_role
from django_useraccounts.testing import PASSWORD, log_in, make_user

pytestmark = pytest.mark.django_db

URL = "/accounts/history/"


def read(client, query=""):
    """Return what the page tells of each event."""
    html = client.get(f"{URL}{query}").content.decode()
    rows = re.findall(r"<li>\s*<p><bdi>.*?</li>", html, re.DOTALL)
    return [" ".join(strip_tags(row).split()) for row in rows]


def events(user, number, **facts):
    rows = [AccountEvent(kind="logged_in", user=user, actor=user, **facts) for _ in range(number)]
    AccountEvent.objects.bulk_create(rows)


def test_history_tells_what_happened_and_from_where_newest_first(client):
    make_user("maria")
    stranger = Client(REMOTE_ADDR="203.0.113.66")
    login = reverse("useraccounts:login")
    stranger.post(login, {"identifier": "maria", "password": "wrong"})
    client.post(login, {"identifier": "maria", "password": PASSWORD}, REMOTE_ADDR="203.0.113.7")

    newest, oldest = read(client)

    assert newest.startswith("Somebody logged in.")
    assert newest.endswith("from 203.0.113.7")
    assert oldest.startswith("Somebody tried to log in and was not let in.")
    assert oldest.endswith("from 203.0.113.66 · wrong password")


def test_an_address_is_read_from_the_left_where_words_are_read_from_the_right(client):
    user = make_user("maria")
    log_in(client, user)
    events(user, 1, client_address="2001:db8::8a2e:370:7334")

    html = client.get(URL, headers={"accept-language": "he"}).content.decode()

    assert '<span dir="ltr">2001:db8::8a2e:370:7334</span>' in html


def test_history_is_reached_from_the_account_menu(client):
    log_in(client, make_user("maria"))

    assert f'href="{URL}"' in client.get("/accounts/profile/").content.decode()


def test_history_is_for_who_is_logged_in(client):
    assert client.get(URL).status_code == 302


def test_history_tells_of_nobody_else(client):
    make_user("frida")
    AccountEvent.objects.record("password_changed", user=make_user("diego"))
    log_in(client, make_user("maria"))

    assert len(read(client)) == 1


def test_history_says_that_an_administrator_did_it_and_neither_who_nor_from_where(client):
    maria, boss = make_user("maria"), make_user("boss", is_superuser=True, is_staff=True)
    office = log_in(Client(REMOTE_ADDR="203.0.113.9"), boss)
    data = {"action": "end_sessions", "_selected_action": [maria.pk]}
    office.post(reverse("admin:useraccounts_user_changelist"), data)
    grant_role(maria, Role.objects.create(name="artist"), by=boss, reason="paints")
    maria.refresh_from_db()
    log_in(client, maria)

    html = client.get(URL).content.decode()
    _login, granted, ended = read(client)

    assert granted.endswith("by somebody else")
    assert granted.startswith("The role “artist” was granted.") and "for good" in granted
    assert ended.startswith("All sessions were ended.")
    assert ended.endswith("by an administrator")
    for secret in ("boss", "203.0.113.9", "paints"):
        assert secret not in html


def test_history_has_25_on_a_page_and_leads_to_all(client):
    maria = make_user("maria")
    events(maria, 60)
    log_in(client, maria)
    seen, query = [], ""
    while True:
        html = client.get(f"{URL}{query}").content.decode()
        seen.append(len(read(client, query)))
        assert ("Back to the newest" in html) is bool(query)
        older = re.search(r'href="(\?before=\d+)" rel="next"', html)
        if not older:
            break
        query = older[1]

    assert seen == [25, 25, 11]


def test_history_of_25_has_no_second_page(client):
    maria = make_user("maria")
    log_in(client, maria)
    events(maria, 24)

    assert len(read(client)) == 25
    assert 'rel="next"' not in client.get(URL).content.decode()


@pytest.mark.asvs("1.4.2")
@pytest.mark.parametrize("before", ["x", "-1", "9" * 40, "٣", "1.5", "%00", "1%0A"])
def test_history_begins_with_the_newest_where_a_page_makes_no_sense(client, before):
    log_in(client, make_user("maria"))

    assert len(read(client, f"?before={before}")) == 1


def test_history_beyond_the_oldest_says_so(client):
    log_in(client, make_user("maria"))

    html = client.get(f"{URL}?before=1").content.decode()

    assert "Nothing yet." not in html
    assert "There is nothing older." in html


def test_history_costs_the_same_for_few_and_for_many(client):
    maria, boss = make_user("maria"), make_user("boss", is_superuser=True)
    log_in(client, maria)

    def cost(query=""):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"{URL}{query}").status_code == 200
        return len(queries)

    few = cost()
    for _ in range(30):
        grant_role(maria, Role.objects.get_or_create(name="artist")[0], by=boss)

    # The session, the user, the events.
    assert cost() == cost(f"?before={AccountEvent.objects.latest('pk').pk}") == few == 3


def test_history_shows_what_people_typed_as_text(client):
    maria = make_user("maria")
    details = {"from": "maria", "to": "<script>alert(1)</script>"}
    AccountEvent.objects.record("username_changed", user=maria, actor=maria, details=details)
    log_in(client, maria)

    html = client.get(URL).content.decode()

    assert "&lt;script&gt;alert(1)" in html and "<script>" not in html


def test_history_reads_the_events_of_one_by_an_index(client):
    maria = make_user("maria")
    rows = AccountEvent.objects.filter(user=maria, pk__lt=10**9).order_by("-pk")[:26]

    plan = rows.explain()

    if connection.vendor == "sqlite":
        assert "useraccounts_event_of_user" in plan and "TEMP B-TREE" not in plan


def test_history_is_for_who_is_not_confirmed_too(client):
    maria = make_user("maria", confirmed=False)
    log_in(client, maria)

    assert len(read(client)) == 1
