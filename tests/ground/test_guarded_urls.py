"""One guard before everything that a ``path()`` includes."""

import pytest
from asgiref.sync import async_to_sync
from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.test import AsyncClient, Client
from django.urls import NoReverseMatch, include, path, re_path, resolve, reverse
from django.utils import translation
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from django_useraccounts.decorators import (
    allow_unconfirmed_email,
    guarded,
    recent_login_required,
    roles_required,
)
from django_useraccounts.guards import guard_of
from django_useraccounts.mixins import AllowUnconfirmedEmailMixin, RolesRequiredMixin
from django_useraccounts.requirements import Requirement
from django_useraccounts.testing import log_in, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.one_database, pytest.mark.urls(__name__)]


def page(request, **kwargs):
    return HttpResponse(f"Welcome, {request.user}. {kwargs or ''}")


def nameless(request):
    return page(request)


async def async_page(request):
    return HttpResponse(f"Welcome, {await request.auser()}.")


class Page(View):
    def get(self, request, **kwargs):
        return page(request, **kwargs)

    post = get


class AsyncPage(View):
    async def get(self, request):
        return await async_page(request)


class ForArtists(RolesRequiredMixin, Page):
    roles_required = ("artist",)


class ForTheUnconfirmed(AllowUnconfirmedEmailMixin, Page):
    pass


deep = (
    [
        path("cellar/", page, name="cellar"),
        path("<int:number>/", Page.as_view(), name="shelf"),
    ],
    "deep",
)
house = [
    path("function/", page, name="function"),
    path("async-function/", async_page, name="async_function"),
    path("class/", Page.as_view(), name="class"),
    path("async-class/", AsyncPage.as_view(), name="async_class"),
    path("artists/", ForArtists.as_view(), name="artists"),
    path("artists-too/", roles_required("artist")(page), name="artists_too"),
    path("unconfirmed/", ForTheUnconfirmed.as_view(), name="unconfirmed"),
    path("unconfirmed-too/", allow_unconfirmed_email(page), name="unconfirmed_too"),
    path("recent/", recent_login_required(page), name="recent"),
    path("public/", login_not_required(page), name="public"),
    path("exempt/", csrf_exempt(Page.as_view()), name="exempt"),
    re_path(r"^room-(?P<letter>[a-z])/$", page, name="room"),
    path("deep/", include(deep, namespace="below")),
    path("flat/", include([path("twice/", include([path("attic/", page, name="attic")]))])),
    path("again/", guarded(include([path("tower/", page, name="tower")]), "artist")),
]
office = admin.AdminSite("office")

urlpatterns = [
    path("open/", include((house, "house"), namespace="open")),
    path("house/", guarded(include((house, "house"), namespace="shut"), "resident")),
    path("<slug:street>/", guarded(include([path("corner/", page, name="corner")]), "resident")),
    path(
        "given/",
        guarded(include([path("", page, name="given")]), Requirement("resident")),
        {"floor": 3},
    ),
    path("nameless/", guarded(include([path("", nameless)]), "resident")),
    path("office/", guarded(office.urls, ["resident", "caretaker"])),
    path("accounts/", include("django_useraccounts.urls")),
    *i18n_patterns(path("wing/", guarded(include([path("", page, name="wing")]), "resident"))),
]

SHUT = {
    "function": "/house/function/",
    "async_function": "/house/async-function/",
    "class": "/house/class/",
    "async_class": "/house/async-class/",
    "public": "/house/public/",
    "exempt": "/house/exempt/",
    "room": "/house/room-b/",
    "below:cellar": "/house/deep/cellar/",
    "below:shelf": "/house/deep/7/",
    "attic": "/house/flat/twice/attic/",
}
OTHERS = ["/main-street/corner/", "/given/", "/de/wing/", "/fr/wing/"]


@pytest.fixture(autouse=True)
def _language_of_the_tests():
    # A page with a language in its path leaves it behind in the thread.
    with translation.override("en-us"):
        yield


@pytest.mark.parametrize("url", [*SHUT.values(), *OTHERS])
@pytest.mark.parametrize("new_client", [Client, AsyncClient])
def test_every_view_below_asks_for_the_roles(url, new_client):
    def visit(user=None):
        client = new_client()
        if user:
            client.cookies = log_in(Client(), user).cookies
        get = async_to_sync(client.get) if new_client is AsyncClient else client.get
        return get(url)

    resident, other = make_user("rose", roles=["resident"]), make_user("other")
    waiting = make_user("waiting", roles=["resident"], confirmed=False)

    assert visit(resident).status_code == 200
    assert b"Welcome, rose." in visit(resident).content
    assert visit(other).status_code == 403
    assert visit(waiting)["Location"] == f"{reverse('useraccounts:emails')}?next={url}"
    assert visit()["Location"] == f"{reverse('useraccounts:login')}?next={url}"


def test_the_same_views_are_open_where_they_are_included_without_it(client):
    for url in SHUT.values():
        assert client.get(url.replace("/house/", "/open/")).status_code == 200


@pytest.mark.parametrize("method", ["head", "options", "post", "put", "delete", "patch"])
def test_every_method_is_guarded(client, method):
    log_in(client, make_user())

    for url in (SHUT["function"], SHUT["class"], SHUT["async_class"], SHUT["exempt"]):
        assert getattr(client, method)(url).status_code == 403


@pytest.mark.parametrize("url", ["/house/artists/", "/house/artists-too/", "/house/again/tower/"])
@pytest.mark.parametrize(
    "roles, status", [(["resident", "artist"], 200), (["resident"], 403), (["artist"], 403)]
)
def test_what_a_view_asks_itself_is_asked_as_well(client, url, roles, status):
    log_in(client, make_user(roles=roles))

    assert client.get(url).status_code == status


@pytest.mark.parametrize("url", ["/house/unconfirmed/", "/house/unconfirmed-too/"])
def test_a_view_may_still_admit_who_has_not_confirmed_the_address(client, url):
    log_in(client, make_user(roles=["resident"], confirmed=False))

    assert client.get(url).status_code == 200
    assert client.get("/house/function/").status_code == 302


def test_a_view_may_still_ask_for_a_recent_login(client):
    log_in(client, make_user(roles=["resident"]))
    assert client.get("/house/recent/").status_code == 200
    session = client.session
    session["useraccounts_proved_at"] = 0
    session.save()

    response = client.get("/house/recent/")

    assert response["Location"] == f"{reverse('useraccounts:confirm_identity')}?next=/house/recent/"


def test_urls_are_made_and_read_as_without_it():
    for name, url in SHUT.items():
        given = {"room": {"letter": "b"}, "below:shelf": {"number": 7}}.get(name)
        assert reverse(f"shut:{name}", kwargs=given) == url
        here, there = resolve(url), resolve(url.replace("/house/", "/open/"))
        assert here.kwargs == there.kwargs
        assert here.url_name == there.url_name
        assert here.app_names == there.app_names
        assert here.namespaces == ["shut", *there.namespaces[1:]]
        assert here.view_name == there.view_name.replace("open:", "shut:")
        assert here.func.__name__ == there.func.__name__
    assert reverse("house:function", current_app="shut") == "/house/function/"
    assert reverse("corner", args=["main-street"]) == "/main-street/corner/"
    with pytest.raises(NoReverseMatch):
        reverse("shut:nowhere")


def test_a_view_without_a_name_is_reversed_by_itself():
    assert reverse(nameless) == "/nameless/"


def test_arguments_of_the_path_reach_the_view(client):
    log_in(client, make_user(roles=["resident"]))

    assert b"{'floor': 3}" in client.get("/given/").content
    assert b"{'street': 'elm'}" in client.get("/elm/corner/").content
    assert b"{'number': 7}" in client.get("/house/deep/7/").content


def test_a_language_in_the_path_changes_nothing(client):
    log_in(client, make_user(roles=["resident"]))

    with translation.override("de"):
        assert reverse("wing") == "/de/wing/"
    assert client.get("/de/wing/").status_code == 200


def test_the_administration_can_stand_behind_it(client):
    both = make_user("both", roles=["caretaker"], is_staff=True, is_superuser=True)
    staff = make_user("staff", is_staff=True, is_superuser=True)
    caretaker = make_user("caretaker", roles=["caretaker"])

    assert client.get("/office/").url == f"{reverse('useraccounts:login')}?next=/office/"
    assert log_in(client, both).get(reverse("office:index")).status_code == 200
    assert log_in(client, staff).get("/office/").status_code == 403
    assert log_in(client, staff).get("/office/nowhere/").status_code == 403
    # Django's own guard stands inside
    assert log_in(client, caretaker).get("/office/").status_code == 302


def test_what_is_not_there_is_not_found(client):
    assert client.get("/house/nowhere/").status_code == 404


def test_a_view_is_wrapped_once():
    assert resolve("/house/class/").func is resolve("/house/class/").func
    assert resolve("/house/class/").func is not resolve("/open/class/").func


def test_what_stands_on_the_view_can_be_read():
    asks = {
        name: str(guard_of(resolve(f"/house/{name}/").func).requirement)
        for name in ("function", "class", "artists", "artists-too")
    }

    assert asks == {
        "function": "resident",
        "class": "resident",
        "artists": "resident and artist",
        "artists-too": "resident and artist",
    }
    assert guard_of(resolve("/house/unconfirmed/").func).allow_unconfirmed_email
    assert guard_of(resolve("/open/function/").func) is None


@pytest.mark.parametrize(
    "needs, error",
    [
        ((), ValueError),
        (([],), ValueError),
        (([["a"]],), TypeError),
        ((7,), TypeError),
        ((None,), TypeError),
        ((b"a",), TypeError),
        (("A Role",), ValueError),
    ],
)
def test_needs_that_cannot_be_meant_raise_where_they_are_written(needs, error):
    with pytest.raises(error):
        guarded(include(house), *needs)


@pytest.mark.parametrize("wrong", [page, Page.as_view(), "tests.urls", ForArtists, None, 7, house])
def test_it_takes_an_include_only(wrong):
    with pytest.raises(TypeError, match=r"guarded\(\) takes what include\(\) returns, not "):
        guarded(wrong, "resident")


def test_a_guarded_page_costs_two_queries(client, django_assert_num_queries):
    log_in(client, make_user(roles=["resident"]))

    with django_assert_num_queries(2):
        assert client.get("/house/deep/cellar/").status_code == 200
