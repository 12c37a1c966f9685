"""J. Sessions: shown, ended, brought back, and as many of them as somebody likes."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.urls import path

from django_useraccounts.administration.flows import end_sessions, switch_off
from django_useraccounts.models import AccountEvent, OutgoingMail
from django_useraccounts.sessions.flows import end_other_sessions, end_session
from django_useraccounts.sessions.models import AGENT_MAX_LENGTH, LoginSession
from django_useraccounts.testing import PASSWORD, html_of, log_in, mails_to, make_user
from tests.admin.pages import act, save
from tests.attacks.browsers import NEW_PASSWORD
from tests.sessions.visits import MIDDLEWARE, SAFARI, Browser, age, url
from tests.urls import urlpatterns as pages_of_the_tests

pytestmark = pytest.mark.django_db


def ended_meanwhile(request):
    """A page whose session is ended while it works, and which then writes into the session."""
    end_session(LoginSession.objects.get(user=request.user))
    request.session["basket"] = "full"
    return HttpResponse("done")


urlpatterns = [*pages_of_the_tests, path("ended-meanwhile/", ended_meanwhile)]


@pytest.fixture(autouse=True)
def _site(settings):
    settings.MIDDLEWARE, settings.ROOT_URLCONF = MIDDLEWARE, __name__


@pytest.fixture
def new_visitor(db, django_capture_on_commit_callbacks):
    def make(**headers):
        return Browser(django_capture_on_commit_callbacks, **headers)

    return make


@pytest.fixture
def client(new_visitor):
    return new_visitor()


@pytest.fixture
def maria():
    return make_user("maria")


@pytest.mark.asvs("8.2.2")
def test_J1_the_session_of_somebody_else_is_as_good_as_none(maria, client, new_visitor):
    make_user("frida")
    other = new_visitor().log_in("frida")
    client.log_in()
    nowhere = "00000000-0000-4000-8000-000000000000"

    answers = [
        (client.get(page).status_code, client.post(page).status_code)
        for page in (url("end_session", other.row.pk), url("end_session", nowhere))
    ]

    assert answers == [(404, 404)] * 2
    assert other.is_in


def test_J2_no_page_row_or_event_tells_the_key_of_a_session(maria, client, new_visitor):
    new_visitor(agent=SAFARI).log_in()
    client.log_in()
    keys = [session.session_key for session in Session.objects.all()]
    assert len(keys) == 2

    other = LoginSession.objects.exclude(pk=client.row.pk).get()
    seen = client.get(url("sessions")).content.decode()
    seen += client.get(url("end_session", other.pk)).content.decode()
    client.post(url("end_session", other.pk))
    seen += str(
        [list(model.objects.values()) for model in (LoginSession, AccountEvent, OutgoingMail)]
    )

    assert not [key for key in keys if key in seen]


@pytest.mark.usefixtures("each_engine")
def test_J3_a_request_in_flight_does_not_bring_an_ended_session_back(maria, client):
    client.log_in()

    assert client.get("/ended-meanwhile/").content == b"done"

    # It was saved after its end, and says so.
    assert client.session["basket"] == "full"
    assert not client.is_in
    assert "basket" not in client.session


def test_J3_not_even_when_it_saves_what_the_store_has_lost(maria, client):
    client.log_in()
    before = dict(client.session.items())
    end_session(client.row)
    assert not client.is_in

    store = SessionStore()
    store.update(before)
    store.create()
    client.cookies["sessionid"] = store.session_key

    assert not client.is_in


def test_J3_a_session_without_row_gets_no_second_one_after_its_end(maria, client):
    log_in(client, maria)
    before = dict(client.session.items())
    assert client.is_in
    end_session(client.row)
    # As a request saves it that has read it before.
    store = SessionStore(client.cookies["sessionid"].value)
    store.update(before)
    del store["useraccounts_login_session"]
    store.save()

    assert not client.is_in
    assert LoginSession.objects.count() == 1


def off_by_update(user, new_visitor):
    get_user_model().objects.filter(pk=user.pk).update(is_active=False)


def off_by_code(user, new_visitor):
    user.is_active = False
    user.save()


def off_by_flow(user, new_visitor):
    switch_off(user)


def office(new_visitor):
    return log_in(new_visitor(), make_user("boss", is_staff=True, is_superuser=True))


def off_by_action_of_administration(user, new_visitor):
    act(office(new_visitor), "switch_off", user)


def off_by_form_of_administration(user, new_visitor):
    save(office(new_visitor), user, is_active=None)


def closed_in_another_browser(user, new_visitor):
    owner = new_visitor().log_in(user.username)
    owner.post(url("close_account"))


WAYS_OFF = [
    off_by_update,
    off_by_code,
    off_by_flow,
    off_by_action_of_administration,
    off_by_form_of_administration,
    closed_in_another_browser,
]
#: Pages for people and programs: of the accounts, guarded ones of a site, the administration.
WAYS_IN = {
    url("profile"): "",
    "/guards/function/": "",
    "/guards/async-function/": "",
    "/guards/mixin/": "application/json",
    "/admin/": "",
}


@pytest.mark.parametrize("switch", WAYS_OFF, ids=lambda switch: switch.__name__)
def test_J6_an_account_that_is_switched_off_has_no_session_anywhere(client, new_visitor, switch):
    user = make_user("maria", roles=["starving", "artist"], is_staff=True)
    client.log_in()

    def visit(path):
        return client.get(path, headers={"accept": WAYS_IN[path]}).status_code

    assert {visit(path) for path in WAYS_IN} == {200}
    kept = client.cookies["sessionid"].value

    switch(user, new_visitor)

    for page in WAYS_IN:
        # Each time with the cookie of before, which an answer may have taken away.
        client.cookies["sessionid"] = kept
        assert visit(page) in {302, 401}, page


@pytest.mark.asvs("11.2.2")
def test_J7_a_new_secret_key_ends_nothing_while_the_old_one_is_a_fallback(maria, client, settings):
    client.log_in()
    old = settings.SECRET_KEY

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new key", [old]
    assert client.is_in
    settings.SECRET_KEY_FALLBACKS = []
    assert client.is_in
    assert LoginSession.objects.count() == 1

    settings.SECRET_KEY = "another one, at once"
    assert not client.is_in


@pytest.mark.asvs("2.3.2")
def test_J10_beyond_the_limit_the_oldest_session_ends(maria, new_visitor, set_conf):
    set_conf(SESSIONS={"PER_USER": 2})
    browsers = []
    for _ in range(4):
        browsers.append(new_visitor().log_in())
        age(timedelta(minutes=5))

    assert [browser.is_in for browser in browsers] == [False, False, True, True]


@pytest.mark.asvs("2.3.2")
def test_J10_what_went_on_with_a_new_password_counts_when_it_is_used_again(
    maria, new_visitor, set_conf
):
    set_conf(SESSIONS={"PER_USER": 2})
    oldest, *others = [new_visitor() for _ in range(3)]
    oldest.log_in()
    data = {"old_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert oldest.post(url("change_password"), data).status_code == 302

    for browser in others:
        age(timedelta(minutes=5))
        browser.log_in(password=NEW_PASSWORD)

    assert [browser.is_in for browser in (oldest, *others)] == [False, True, True]
    maria.refresh_from_db()
    assert LoginSession.objects.live(maria).count() == 2


@pytest.mark.asvs("7.4.1")
@pytest.mark.usefixtures("each_engine")
def test_J4_an_ended_session_is_dead_at_its_next_request(maria, client):
    client.log_in()

    end_session(client.row)

    assert not client.is_in
    assert "_auth_user_id" not in client.session


def test_J3_use_that_is_written_down_does_not_bring_an_ended_session_back(maria, client):
    client.log_in()
    key, ended = client.row.pk, []
    age(timedelta(hours=1))

    def end_just_before(execute, sql, params, many, context):
        if sql.startswith("UPDATE") and "useraccounts_sessions" in sql and not ended:
            ended.append(True)
            LoginSession.objects.filter(pk=key).end()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(end_just_before):
        assert not client.is_in

    assert ended
    assert LoginSession.objects.get().ended_at


@pytest.mark.django_db(transaction=True)
def test_J3_a_session_that_ends_while_its_request_is_repeated_is_dead(client):
    make_user("maria")
    client.log_in()
    client.get(url("edit_profile"))
    key, ended = client.row.pk, []

    def end_before_the_next_try(execute, sql, params, many, context):
        if sql.startswith("UPDATE") and "useraccounts_user" in sql and not ended:
            ended.append(False)
            raise OperationalError(1213, "deadlock")
        if sql.startswith("SELECT") and "django_session" in sql and ended == [False]:
            ended.append(True)
            LoginSession.objects.filter(pk=key).end()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(end_before_the_next_try):
        answer = client.post(url("edit_profile"), {"first_name": "Evil"})

    assert ended == [False, True]
    assert answer["Location"].startswith(url("login"))
    assert get_user_model().objects.get().first_name == ""


EVIL = [
    pytest.param("<script>alert(1)</script> Firefox/9.0", id="HTML"),
    pytest.param("\x1b[31mred\x1b[0m \x07", id="ANSI"),
    pytest.param("\u202eevil\u200b\u2028", id="bidi"),
    pytest.param("Mozilla/5.0 " + "a" * 4_000_000, id="4 MB"),
    pytest.param("Firefox/" + "9" * 300 + " (X11; Linux)", id="long version"),
    pytest.param("{{ 7|add:7 }} %s %(x)s {0}", id="templates"),
    pytest.param("", id="nothing"),
]


@pytest.mark.parametrize("agent", EVIL)
def test_J8_what_a_browser_says_of_itself_is_text_of_some_length(maria, client, new_visitor, agent):
    client.log_in()
    stranger = new_visitor(agent=agent).log_in()

    page = client.get(url("sessions")).content.decode()

    kept = stranger.row.user_agent
    assert len(kept) <= AGENT_MAX_LENGTH
    assert kept.isprintable()
    assert "<script" not in page
    assert not re.search(r"a{41}|9{41}", page)
    [mail] = mails_to("maria@example.com")
    for text in (str(mail.subject), str(mail.body), html_of(mail)):
        assert "<script>alert" not in text
        assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2028]", text)
    assert len(mail.body) < 2000


@pytest.mark.asvs("15.3.4")
def test_J8_who_says_to_come_from_elsewhere_is_not_believed(maria, client, set_conf):
    set_conf(PROXIES=0)
    client.post(
        url("login"),
        {"identifier": "maria", "password": "correct horse battery staple"},
        headers={"x-forwarded-for": "192.0.2.99"},
    )

    assert LoginSession.objects.get().client_address == "203.0.113.7"


def test_J3_who_is_locked_out_ends_no_others_and_is_not_back(client, monkeypatch):
    victoria = make_user("victoria")
    boss = make_user("boss", is_superuser=True)
    log_in(client, victoria)

    def late(user, *, request):
        end_sessions(get_user_model().objects.get(pk=user.pk), by=boss)
        end_other_sessions(user, request=request)

    monkeypatch.setattr("django_useraccounts.sessions.views.end_other_sessions", late)
    client.post(url("end_other_sessions"))

    assert client.get(url("profile")).status_code == 302
    victoria.refresh_from_db()
    assert victoria.session_epoch == 1
    assert not AccountEvent.objects.filter(kind="other_sessions_ended").exists()
