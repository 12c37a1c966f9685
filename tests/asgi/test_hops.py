"""What a guard costs an async view: threads that are waited for, and statements."""

import pytest
from asgiref.sync import async_to_sync, iscoroutinefunction
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser, Permission
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.http import HttpResponse
from django.template import engines
from django.test import AsyncClient, AsyncRequestFactory, Client
from django.test.utils import CaptureQueriesContext
from django.urls import include, path

from django_useraccounts.decorators import guarded, recent_login_required, roles_required
from django_useraccounts.models import Role
from django_useraccounts.roles.flows import revoke_role
from django_useraccounts.sessions.middleware import SessionsMiddleware
from django_useraccounts.testing import log_in, make_user
from tests import views
from tests.asgi.hops import counted

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

#: What Django itself does for ``request.auser()``: it reads the session, then the user.
DJANGOS_OWN = 2
ASYNC = sorted(name for name, view in views.ALL.items() if iscoroutinefunction(view))
TEMPLATE = "{% load useraccounts %}{% if user|has_roles:'artist' %}{{ user }} paints.{% endif %}"


async def open_page(request):
    return HttpResponse(f"Welcome, {await request.auser()}.")


@roles_required("artist")
async def studio(request):
    return HttpResponse(engines["django"].from_string(TEMPLATE).render({}, request))


urlpatterns = [
    path("open/", open_page),
    path("studio/", studio),
    path("house/", guarded(include([path("open/", open_page)]), "artist")),
    path("", include("tests.urls")),
]


@pytest.fixture
def artist():
    return make_user("frida", roles=["starving", "artist"])


@pytest.fixture(autouse=True)
def _pages(settings, monkeypatch):
    settings.ROOT_URLCONF = __name__
    # Set for browser tests; here, a blocking query in an event loop has to raise.
    monkeypatch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE", raising=False)


def request_of(user=None, **headers):
    """Return a request as Django's two middlewares leave it, and nothing of it has been read."""
    request = AsyncRequestFactory().get("/", headers=headers)
    key = log_in(Client(), user).session.session_key if user else None
    request.session = SessionStore(key)
    AuthenticationMiddleware(lambda request: None).process_request(request)
    return request


def measured(view, request):
    """Return the answer of a view, what threads it has waited for, and its statements."""

    async def ask():
        with counted() as hops:
            return await view(request), hops

    with CaptureQueriesContext(connection) as queries:
        answer, hops = async_to_sync(ask)()
    return answer, hops, [query["sql"] for query in queries]


@pytest.mark.parametrize("name", ASYNC)
def test_who_passes_a_guard_waits_only_for_the_session_and_the_user(name, artist):
    answer, hops, statements = measured(views.ALL[name], request_of(artist))

    assert answer.content == b"Welcome, frida."
    assert (len(hops), len(statements)) == (DJANGOS_OWN, 2), hops
    assert hops[-1] == "AccountsBackend.get_user"


@pytest.mark.parametrize("name", ASYNC)
def test_a_stranger_is_sent_away_without_a_thread_or_a_statement(name):
    for accept, status in (("text/html", 302), ("application/json", 401)):
        answer, hops, statements = measured(views.ALL[name], request_of(accept=accept))

        assert (answer.status_code, hops, statements) == (status, [], [])


def test_who_has_no_session_at_all_is_a_stranger():
    request = request_of()
    del request.session

    async def auser():
        return AnonymousUser()

    request.auser = auser
    answer, hops, _statements = measured(views.ALL["async-recent"], request)

    assert (answer.status_code, hops) == (302, [])


@pytest.mark.parametrize("name", [n for n in ASYNC if n in views.STARVING | views.RECENT])
def test_what_leads_elsewhere_or_is_json_is_answered_without_a_thread_of_its_own(name):
    waiting = make_user("ada", roles=["artist", "starving"], confirmed=False)
    answer, hops, _statements = measured(views.ALL[name], request_of(waiting))
    assert (answer.status_code, len(hops)) == (302, DJANGOS_OWN)

    answer, hops, _ = measured(views.ALL[name], request_of(waiting, accept="application/json"))
    assert (answer.status_code, len(hops)) == (403, DJANGOS_OWN)


@pytest.mark.parametrize("accept, more", [("application/json", 0), ("text/html", 1)])
def test_only_the_page_that_forbids_is_rendered_in_a_thread_and_asks_for_nobody_again(accept, more):
    request = request_of(make_user("ada"), accept=accept)

    answer, hops, statements = measured(views.ALL["async-function"], request)

    assert (answer.status_code, len(hops), len(statements)) == (403, DJANGOS_OWN + more, 2)


def test_a_template_of_a_guarded_view_knows_the_user_and_the_roles_in_the_event_loop(artist):
    answer, hops, statements = measured(studio, request_of(artist))

    assert answer.content == b"frida paints."
    assert (len(hops), len(statements)) == (DJANGOS_OWN, 2)


def test_a_proof_in_a_session_that_nobody_has_read_is_read_in_a_thread(artist):
    # a middleware of a project brings the user by itself
    request = request_of(artist)
    user, _hops, _statements = measured(lambda request: request.auser(), request_of(artist))

    async def auser():
        return user

    request.auser = auser
    answer, hops, statements = measured(recent_login_required(open_page), request)

    assert (answer.status_code, len(hops), len(statements)) == (200, 1, 1)


def test_auser_brings_roles_and_proof_by_the_statement_that_sync_code_runs(artist):
    sync_request, request = request_of(artist), request_of(artist)
    with CaptureQueriesContext(connection) as queries:
        assert sync_request.user.has_roles("artist")
    user, _hops, statements = measured(lambda request: request.auser(), request)

    assert user.is_loaded and user.has_roles("artist", ["starving", "rich"])
    in_sync = [query["sql"] for query in queries]
    assert [sql.split(" WHERE ")[0] for sql in statements] == [
        sql.split(" WHERE ")[0] for sql in in_sync
    ]


def test_permissions_that_a_role_carries_are_known_to_async_code(artist):
    permission = Permission.objects.get(codename="view_rolegrant")
    Role.objects.get(name="artist").permissions.add(permission)
    user, _hops, _statements = measured(lambda request: request.auser(), request_of(artist))

    assert async_to_sync(user.ahas_perm)("useraccounts.view_rolegrant")
    assert not async_to_sync(user.ahas_perm)("useraccounts.delete_rolegrant")


def test_a_role_that_was_revoked_is_missed_at_the_next_request(artist):
    browser = AsyncClient()
    browser.cookies = log_in(Client(), artist).cookies
    assert async_to_sync(browser.get)("/studio/").content == b"frida paints."

    revoke_role(artist, "artist")

    assert async_to_sync(browser.get)("/studio/").status_code == 403


# With all that stands before a view


def hops_of(url, user=None):
    """Return what a whole request waits for, middleware included."""
    browser = AsyncClient()
    if user:
        browser.cookies = log_in(Client(), user).cookies
    ask = async_to_sync(browser.get)
    ask(url)
    with counted() as hops:
        assert ask(url).status_code == 200
    return sorted(hops)


@pytest.mark.parametrize("url", ["/guards/async-mixin/", "/house/open/"])
def test_a_guarded_page_waits_for_what_any_page_that_knows_its_user_waits_for(url, artist):
    assert hops_of(url, artist) == hops_of("/open/", artist)


# The middleware of the room of sessions


async def asks_nobody(request):
    return HttpResponse("nothing")


def test_a_page_that_asks_for_nobody_waits_for_nothing_below_it(artist):
    answer, hops, statements = measured(SessionsMiddleware(asks_nobody), request_of(artist))

    assert (answer.content, hops, statements) == (b"nothing", [], [])


@pytest.mark.parametrize("name", ["async-function", "async-mixin", "async-recent"])
def test_the_session_its_row_and_the_user_are_read_in_one_thread(name, artist):
    behind = SessionsMiddleware(views.ALL[name])
    request = request_of(artist)
    measured(behind, request)  # gives the session its row
    request.session.save()

    again = request_of(artist)
    again.session = SessionStore(request.session.session_key)
    answer, hops, statements = measured(behind, again)

    assert answer.content == b"Welcome, frida."
    assert (hops, len(statements)) == (["visitor"], 3)


def test_a_stranger_behind_it_waits_for_no_thread():
    answer, hops, statements = measured(SessionsMiddleware(views.ALL["async-mixin"]), request_of())
    assert (answer.status_code, hops, statements) == (302, [], [])

    answer, hops, statements = measured(SessionsMiddleware(open_page), request_of())
    assert (answer.content, hops, statements) == (b"Welcome, AnonymousUser.", [], [])


def test_a_whole_request_waits_for_one_thread_less_with_it(settings, artist):
    without = hops_of("/open/", artist)

    room = "django_useraccounts.sessions.middleware.SessionsMiddleware"
    place = settings.MIDDLEWARE.index("django.contrib.messages.middleware.MessageMiddleware")
    settings.MIDDLEWARE = [*settings.MIDDLEWARE[:place], room, *settings.MIDDLEWARE[place:]]

    assert len(hops_of("/open/", artist)) == len(without) - 1
