"""The pages: where one is logged in, one browser logged out, all others logged out."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client

from django_useraccounts.errors import LinkUsed
from django_useraccounts.models import AccountEvent
from django_useraccounts.secrets import RESET_PASSWORD, issue, link_of, peek
from django_useraccounts.sessions.agents import in_words
from django_useraccounts.sessions.models import LoginSession
from django_useraccounts.testing import PASSWORD, log_in, make_user
from tests.sessions.visits import FIREFOX, SAFARI, age, url

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("each_engine")]


@pytest.fixture
def maria():
    return make_user("maria")


@pytest.fixture
def browsers(maria, client, new_browser):
    """Two browsers of Maria's: hers here, and one that was used three hours ago."""
    other = new_browser(agent=SAFARI, address="198.51.100.1").log_in()
    age(timedelta(hours=3))
    return client.log_in(), other


def text_of(response):
    text = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", response.content.decode(), flags=re.S)
    return " ".join(unescape(text).split())


@pytest.mark.asvs("7.5.2")
def test_the_list_tells_browsers_places_and_times_in_words(browsers):
    here, _other = browsers

    text = text_of(here.get(url("sessions")))

    assert "Firefox on Linux this browser 203.0.113.7 Logged in just now. Used just now." in text
    assert "Safari on macOS 198.51.100.1 Logged in 3 hours ago. Used 3 hours ago." in text
    assert text.index("Firefox") < text.index("Safari")


def test_the_menu_leads_there(browsers):
    here, _other = browsers

    assert url("sessions") in here.get(url("profile")).content.decode()


def test_a_stranger_is_sent_to_the_login(client):
    for name in ("sessions", "end_other_sessions"):
        assert client.get(url(name)).status_code == 302


def test_who_has_one_session_is_offered_no_end_of_others(maria, client):
    client.log_in()

    assert url("end_other_sessions") not in client.get(url("sessions")).content.decode()


def test_what_has_ended_is_not_in_the_list(maria, client, new_browser):
    for _ in range(3):
        new_browser(agent=SAFARI).log_in()
    first, second, third = LoginSession.objects.all()
    LoginSession.objects.filter(pk=first.pk).end()
    LoginSession.objects.filter(pk=second.pk).update(epoch=7)
    age(timedelta(days=15), pk=third.pk)
    client.log_in()

    assert "Safari" not in client.get(url("sessions")).content.decode()


@pytest.mark.parametrize("others", [0, 1, 20])
def test_the_list_costs_as_much_for_one_session_as_for_twenty(
    maria, client, others, django_assert_num_queries, of_session
):
    LoginSession.objects.bulk_create(
        LoginSession(user=maria, epoch=maria.session_epoch, user_agent=FIREFOX)
        for _ in range(others)
    )
    client.log_in()

    with django_assert_num_queries(3 + of_session):  # the session, its row, the user, the list
        page = client.get(url("sessions"))

    assert page.content.count(b"Log out there") == others


def test_of_very_many_the_page_shows_those_that_were_used_last(maria, client):
    LoginSession.objects.bulk_create(
        LoginSession(user=maria, epoch=maria.session_epoch) for _ in range(120)
    )
    client.log_in()

    page = client.get(url("sessions"))

    assert page.content.count(b"Log out there") == 24
    assert "More browsers are logged in than you see here." in text_of(page)
    assert "this browser" in text_of(page)


@pytest.mark.asvs("7.5.2")
def test_one_browser_is_logged_out(browsers):
    here, other = browsers
    page = url("end_session", other.row.pk)

    assert "Safari on macOS · 198.51.100.1" in text_of(here.get(page))
    assert other.is_in
    answer = here.post(page, follow=True)

    assert "This browser is logged out: Safari on macOS." in text_of(answer)
    assert not other.is_in
    assert here.is_in
    assert here.post(page).status_code == 302


def test_this_browser_is_logged_out_by_the_page_for_that(browsers):
    here, _other = browsers

    answer = here.post(url("end_session", here.row.pk))

    assert answer["Location"] == url("logout")
    assert here.is_in


@pytest.mark.asvs("7.5.2")
def test_all_other_browsers_are_logged_out(browsers, maria):
    here, other = browsers
    reset = issue(RESET_PASSWORD, address=maria.emails.get())

    assert here.get(url("end_other_sessions")).status_code == 200
    assert other.is_in
    answer = here.post(url("end_other_sessions"), follow=True)

    assert "You are logged out everywhere else." in text_of(answer)
    assert "Safari" not in text_of(answer)
    assert not other.is_in
    assert here.is_in
    with pytest.raises(LinkUsed):
        peek(RESET_PASSWORD, link_of(reset))


@pytest.mark.asvs("7.5.2")
@pytest.mark.parametrize("name", ["end_session", "end_other_sessions"])
def test_a_login_that_is_long_ago_has_to_be_renewed(browsers, name):
    here, other = browsers
    page = url(name, *([other.row.pk] if name == "end_session" else []))
    session = here.session
    session["useraccounts_proved_at"] -= 3600
    session.save()

    answer = here.post(page)

    assert answer["Location"].startswith(url("confirm_identity"))
    assert other.is_in
    assert here.get(url("sessions")).status_code == 200


def test_the_pages_need_a_token_against_forged_forms(browsers):
    here, other = browsers
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = here.cookies

    for page in (url("end_session", other.row.pk), url("end_other_sessions")):
        assert strict.post(page).status_code == 403
    assert other.is_in


def test_without_the_middleware_the_list_is_empty(maria, settings):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "SessionsMiddleware" not in name]

    assert log_in(Client(), maria).get(url("sessions")).status_code == 200


def test_a_session_whose_password_is_given_again_stays_the_same_in_the_list(maria, client):
    client.log_in()
    row = client.row

    client.post(url("confirm_identity"), {"old_password": PASSWORD})

    assert client.is_in
    assert client.row == LoginSession.objects.get() == row
    kinds = AccountEvent.objects.filter(user=maria).values_list("kind", flat=True)
    assert sorted(kinds) == ["identity_confirmed", "logged_in"]


def test_what_was_ended_is_not_begun_again_by_giving_the_password(maria, client):
    client.log_in()
    LoginSession.objects.end()

    client.post(url("confirm_identity"), {"old_password": PASSWORD})

    assert not client.is_in


@pytest.mark.parametrize(
    "agent, words",
    [
        (FIREFOX, "Firefox on Linux"),
        (SAFARI, "Safari on macOS"),
        ("curl/8.1", "curl"),
        ("", "Unknown browser"),
        ("a" * 255, "Unknown browser"),
        (
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
                "Chrome/131.0.0.0 Mobile Safari/537.36"
            ),
            "Chrome Mobile on Android",
        ),
    ],
)
def test_browsers_in_words(agent, words):
    assert in_words(agent) == words


def test_without_the_library_every_browser_is_unknown(monkeypatch):
    monkeypatch.setattr("django_useraccounts.sessions.agents.find_spec", lambda name: None)

    assert in_words(FIREFOX) == "Unknown browser"
