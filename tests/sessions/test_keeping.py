"""A session lives as long as its row; who asks for nobody asks for nothing."""

from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.http import HttpResponse
from django.test import AsyncClient, Client
from django.urls import path

from django_useraccounts.decorators import roles_accepted
from django_useraccounts.devices import COOKIE
from django_useraccounts.models import AccountEvent
from django_useraccounts.sessions import signals
from django_useraccounts.sessions.flows import end_other_sessions, end_session
from django_useraccounts.sessions.models import LoginSession
from django_useraccounts.testing import PASSWORD, log_in, make_user
from tests.sessions.visits import FIREFOX, SAFARI, age, url
from tests.urls import urlpatterns as pages_of_the_tests

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("each_engine")]

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def nobody_asked(request):
    return HttpResponse("nothing")


async def who_async(request):
    user = await request.auser()
    again = await request.auser()
    assert user is again
    return HttpResponse(str(user.pk))


@roles_accepted("artist")
async def studio(request):
    return HttpResponse("paint")


urlpatterns = [
    *pages_of_the_tests,
    path("nobody/", nobody_asked),
    path("who-async/", who_async),
    path("async-studio/", studio),
]


@pytest.fixture(autouse=True)
def _pages(settings):
    settings.ROOT_URLCONF = __name__


@pytest.fixture
def maria():
    return make_user("maria", roles=["artist"])


def test_a_login_writes_the_row_of_its_session(maria, client):
    client.log_in()

    row = LoginSession.objects.get()
    assert (row.user, row.user_agent, row.client_address) == (maria, FIREFOX, "203.0.113.7")
    assert row.epoch == maria.session_epoch
    assert client.session["useraccounts_login_session"] == row.pk.hex
    assert client.is_in


def test_a_page_that_asks_for_nobody_costs_nothing(maria, client, django_assert_num_queries):
    client.log_in()

    with django_assert_num_queries(0):
        client.get("/nobody/")


def test_a_page_that_asks_costs_one_statement_more(
    maria, client, django_assert_num_queries, settings, of_session
):
    client.log_in()
    client.get(url("change_password"))
    with django_assert_num_queries(2 + of_session):  # the session, its row, the user
        client.get(url("change_password"))

    settings.MIDDLEWARE = [
        name for name in settings.MIDDLEWARE if "sessions.middleware.Sessions" not in name
    ]
    bare = Client()
    bare.cookies = client.cookies
    with django_assert_num_queries(1 + of_session):
        bare.get(url("change_password"))


def test_a_session_that_has_no_row_gets_one(maria, client, django_assert_num_queries):
    log_in(client, maria)
    assert not LoginSession.objects.exists()

    assert client.is_in
    assert client.is_in

    assert LoginSession.objects.get().user == maria
    assert COOKIE in client.cookies


def test_a_row_of_somebody_else_lets_nobody_in(maria, client, new_browser):
    make_user("frida")
    other = new_browser().log_in("frida")
    client.log_in()
    LoginSession.objects.filter(pk=client.row.pk).delete()
    session = client.session
    session["useraccounts_login_session"] = other.row.pk.hex
    session.save()

    assert not client.is_in
    assert other.is_in


def test_a_row_that_is_gone_lets_nobody_in(maria, client):
    client.log_in()

    LoginSession.objects.all().delete()

    assert not client.is_in


@pytest.mark.asvs("7.3.1", "7.3.2", "7.4.1")
@pytest.mark.parametrize(
    "seen, started, lives",
    [
        (14 * DAY - MINUTE, 14 * DAY, True),
        (14 * DAY + MINUTE, 15 * DAY, False),
        (MINUTE, 90 * DAY - MINUTE, True),
        (MINUTE, 90 * DAY + MINUTE, False),
    ],
)
def test_a_session_ends_that_is_idle_or_too_old(maria, client, seen, started, lives):
    client.log_in()

    age(seen, started=started)

    assert client.is_in is lives
    assert (LoginSession.objects.get().ended_at is None) is lives


def test_T6_what_has_expired_does_not_live_again_when_the_clock_is_set_back(maria, client):
    client.log_in()
    kept = dict(client.session.items())
    age(15 * DAY)
    assert not client.is_in

    age(-15 * DAY)
    store = type(client.session)()
    store.update(kept)
    store.create()
    client.cookies["sessionid"] = store.session_key

    assert not client.is_in


def test_the_ages_are_settings(maria, client, set_conf):
    set_conf(SESSIONS={"IDLE_MAX_AGE": timedelta(minutes=10)})
    client.log_in()

    age(timedelta(minutes=9))
    assert client.is_in
    age(timedelta(minutes=11))
    assert not client.is_in


def test_use_is_written_down_once_in_five_minutes(
    maria, client, django_assert_num_queries, of_session
):
    client.log_in()
    client.get(url("change_password"))
    age(timedelta(minutes=4))
    with django_assert_num_queries(2 + of_session):
        client.get(url("change_password"))
    age(timedelta(minutes=2))

    with django_assert_num_queries(3 + of_session):
        client.get(
            url("change_password"), REMOTE_ADDR="198.51.100.1", headers={"user-agent": SAFARI}
        )

    row = LoginSession.objects.get()
    assert (row.client_address, row.user_agent) == ("198.51.100.1", SAFARI)
    with django_assert_num_queries(2 + of_session):
        client.get(url("change_password"))


def test_where_sessions_may_not_be_idle_for_long_use_is_written_down_more_often(
    maria, client, set_conf
):
    set_conf(SESSIONS={"IDLE_MAX_AGE": timedelta(minutes=5)})
    client.log_in()
    for _ in range(8):
        age(timedelta(seconds=50))
        assert client.is_in


def test_logging_out_ends_the_row(maria, client):
    client.log_in()

    client.post(url("logout"))

    assert LoginSession.objects.get().ended_at


def test_logging_in_again_ends_the_row_of_before(maria, client):
    client.log_in()
    first = client.row
    # As a view of the project does that asks for nothing.
    client.post(url("logout"))
    client.log_in()

    first.refresh_from_db()
    assert first.ended_at
    assert client.is_in
    assert LoginSession.objects.live(maria).count() == 1


def test_a_browser_that_was_closed_and_comes_back_has_one_session(maria, client):
    client.log_in()
    age(timedelta(hours=3))
    del client.cookies["sessionid"]

    client.log_in()

    assert LoginSession.objects.count() == 2
    assert LoginSession.objects.live(maria).get() == client.row


def test_a_second_click_on_the_button_leaves_both_answers_good(maria, client):
    client.log_in()
    first = client.cookies["sessionid"].value
    del client.cookies["sessionid"]
    client.log_in()

    assert client.is_in
    client.cookies["sessionid"] = first
    assert client.is_in


def test_the_session_of_somebody_else_in_this_browser_ends(maria, client):
    frida = make_user("frida")
    client.log_in("frida")

    client.get(url("profile"))
    page = client.get(url("login"))
    assert page.status_code == 302
    request = client.get(url("profile")).wsgi_request
    from django.contrib.auth import login

    login(request, maria, backend="django_useraccounts.backends.AccountsBackend")

    assert not LoginSession.objects.live(frida).exists()
    assert LoginSession.objects.live(maria).count() == 1


def test_a_new_password_ends_the_others_and_goes_on_in_this_one(maria, client, new_browser):
    other = new_browser(agent=SAFARI).log_in()
    client.log_in()

    answer = client.post(
        url("change_password"), {"old_password": PASSWORD, "new_password": "a new horse, a staple"}
    )

    assert answer.status_code == 302
    assert not other.is_in
    assert client.is_in
    maria.refresh_from_db()
    assert LoginSession.objects.live(maria).get() == client.row


def test_end_all_others_ends_those_without_a_row_too(maria, client, new_browser):
    other, without_row = new_browser().log_in(), log_in(Client(), maria)
    client.log_in()
    request = client.get(url("profile")).wsgi_request

    end_other_sessions(maria, request=request)
    request.session.save()
    client.cookies["sessionid"] = request.session.session_key

    assert client.is_in
    assert not other.is_in
    assert without_row.get(url("profile")).status_code == 302
    assert LoginSession.objects.live(maria).get() == client.row
    assert AccountEvent.objects.filter(kind="other_sessions_ended", actor=maria).count() == 1


def test_ending_twice_tells_once(maria, client, django_capture_on_commit_callbacks):
    client.log_in()
    row, told = client.row, []

    def note(**news):
        told.append(news["session"])

    signals.session_ended.connect(note)
    with django_capture_on_commit_callbacks(execute=True):
        end_session(row)
        end_session(row)
    signals.session_ended.disconnect(note)

    assert told == [row]
    event = AccountEvent.objects.get(kind="session_ended")
    assert (event.user_id, event.actor_id) == (maria.pk, maria.pk)
    assert row.pk.hex not in str(event.details)


def test_where_nobody_asks_for_the_row_none_is_written(maria, settings):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "SessionsMiddleware" not in name]
    plain = Client()

    plain.post(url("login"), {"identifier": "maria", "password": PASSWORD})

    assert plain.get(url("profile")).status_code == 200
    assert not LoginSession.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_async_pages_ask_as_well():
    maria = make_user("maria", roles=["artist"])

    async def visit():
        browser = AsyncClient()
        await sync_to_async(browser.force_login)(maria)
        first = await browser.get("/who-async/")
        row = await LoginSession.objects.aget()
        guarded = await browser.get("/async-studio/")
        await sync_to_async(end_session)(await LoginSession.objects.select_related("user").aget())
        return (
            row,
            first,
            guarded,
            [await browser.get("/async-studio/"), await browser.get("/who-async/")],
        )

    row, first, guarded, after = async_to_sync(visit)()

    assert row.user_id == maria.pk
    assert first.content == str(maria.pk).encode()
    assert guarded.content == b"paint"
    assert after[0].status_code == 302
    assert after[1].content == b"None"


def test_the_key_of_a_row_that_hangs_on_a_session_is_one_that_every_database_takes(maria):
    for _ in range(40):
        assert log_in(Client(), maria).get(url("sessions")).status_code == 200

    assert {row.pk.version for row in LoginSession.objects.all()} == {4}
