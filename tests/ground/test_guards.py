"""Who may see a page, whichever way its guard is written."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.http import HttpResponse
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView

from django_useraccounts.decorators import (
    allow_unconfirmed_email,
    recent_login_required,
    roles_accepted,
    roles_required,
)
from django_useraccounts.guards import guard_of
from django_useraccounts.mixins import (
    AllowUnconfirmedEmailMixin,
    RecentLoginRequiredMixin,
    RolesAcceptedMixin,
    RolesRequiredMixin,
)
from django_useraccounts.requirements import Requirement
from django_useraccounts.testing import log_in, make_user
from tests import views

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

Visit = Callable[..., HttpResponse]


@pytest.fixture(params=["WSGI", "ASGI"])
def visit(request: pytest.FixtureRequest) -> Visit:
    """Open a page by either kind of server: ``visit("/guards/function/", user)``."""
    asks_async = request.param == "ASGI"
    clients: dict[Any, Any] = {}

    def open_page(path: str, user: Any = None, *, method: str = "get", **headers: str) -> Any:
        if user not in clients:
            client = clients[user] = AsyncClient() if asks_async else Client()
            if user:
                client.cookies = log_in(Client(), user).cookies
        ask = getattr(clients[user], method)
        return (async_to_sync(ask) if asks_async else ask)(path, headers=headers)

    return open_page


def url_of(name: str) -> str:
    return f"/guards/{name}/"


# Roles


@pytest.mark.parametrize("name", views.STARVING)
def test_a_starving_artist_or_programmer_enters(visit, name):
    artist = make_user("frida", roles=["starving", "artist"])
    programmer = make_user("ada", roles=["programmer", "funny", "starving"])

    assert visit(url_of(name), artist).content == b"Welcome, frida."
    assert visit(url_of(name), programmer).content == b"Welcome, ada."


@pytest.mark.parametrize("name", views.STARVING)
def test_nobody_enters_who_lacks_one_of_the_roles(visit, name):
    well_fed = make_user("frida", roles=["artist", "programmer"])
    no_artist = make_user("ada", roles=["starving"])

    for user in (well_fed, no_artist):
        response = visit(url_of(name), user)
        assert response.status_code == 403
        assert "This page is not open to you" in response.content.decode()
        assert "Welcome" not in response.content.decode()


@pytest.mark.asvs("16.3.2")
@pytest.mark.parametrize("name", views.STARVING)
def test_who_is_not_let_in_is_a_line_of_the_log(visit, name, caplog):
    visit(url_of(name), make_user("ada"))

    (line,) = [record for record in caplog.records if record.name == "django.request"]
    assert (line.levelname, line.status_code) == ("WARNING", 403)
    assert line.getMessage() == f"Forbidden: /guards/{name}/"


@pytest.mark.parametrize("name", views.STARVING)
def test_a_stranger_is_sent_to_log_in_and_comes_back(visit, name):
    response = visit(url_of(name) + "?page=2&q=%C3%A4")

    assert response.status_code == 302
    assert response["Location"] == (
        f"/accounts/login/?next=/guards/{name}/%3Fpage%3D2%26q%3D%25C3%25A4"
    )


@pytest.mark.parametrize("name", views.STARVING)
def test_a_user_without_a_confirmed_address_is_sent_to_confirm_one(visit, name):
    user = make_user(roles=["starving", "artist"], confirmed=False)

    response = visit(url_of(name), user)

    assert response.status_code == 302
    assert response["Location"] == f"/accounts/emails/?next=/guards/{name}/"


@pytest.mark.parametrize("name", ["function", "async-class", "mixin"])
def test_superusers_need_the_roles_as_well(visit, name):
    chief = make_user("chief", is_superuser=True, is_staff=True)

    assert visit(url_of(name), chief).status_code == 403


@pytest.mark.parametrize("name", views.STARVING)
def test_no_method_passes_a_guard_that_get_does_not_pass(visit, name):
    # a guard on the handlers alone leaves Django's own answer to OPTIONS and to what has no handler
    methods = ["head", "post"] + ["options", "put", "patch", "delete"] * ("handler" not in name)
    user = make_user()

    for method in methods:
        # Django's own login_required, which stands around one of them, knows no JSON
        for who, refusals in ((None, {401, 302}), (user, {403})):
            response = visit(url_of(name), who, method=method, accept="application/json")
            assert response.status_code in refusals


@pytest.mark.parametrize("name", views.ACCEPTED)
def test_one_of_the_accepted_roles_is_enough(visit, name):
    artist, editor = make_user("a", roles=["artist"]), make_user("e", roles=["editor", "funny"])
    other = make_user("other", roles=["programmer"])

    assert visit(url_of(name), artist).status_code == 200
    assert visit(url_of(name), editor).status_code == 200
    assert visit(url_of(name), other).status_code == 403


@pytest.mark.parametrize("name", views.STACKED)
def test_of_two_guards_both_count(visit, name):
    both = make_user("both", roles=["starving", "artist"])
    one, other = make_user("one", roles=["starving"]), make_user("other", roles=["artist"])

    assert visit(url_of(name), both).status_code == 200
    assert visit(url_of(name), one).status_code == 403
    assert visit(url_of(name), other).status_code == 403


# Without a confirmed address


@pytest.mark.parametrize("name", views.UNCONFIRMED)
def test_a_page_may_admit_users_without_a_confirmed_address(visit, name):
    assert visit(url_of(name), make_user(confirmed=False)).status_code == 200
    assert visit(url_of(name)).status_code == 302


@pytest.mark.parametrize("name", views.UNCONFIRMED_STARVING)
def test_the_order_in_which_it_is_written_does_not_matter(visit, name):
    artist = make_user("artist", roles=["starving", "artist"], confirmed=False)
    other = make_user("other", roles=["starving"], confirmed=False)

    assert visit(url_of(name), artist).status_code == 200
    assert visit(url_of(name), other).status_code == 403


# After a login that is not long ago


@pytest.mark.parametrize("name", views.RECENT)
def test_who_has_just_logged_in_enters(visit, name):
    assert visit(url_of(name), make_user(roles=["artist"])).status_code == 200


@pytest.mark.parametrize("name", views.RECENT)
def test_who_logged_in_long_ago_proves_it_again(visit, name, monkeypatch):
    from django_useraccounts import proof

    now = proof.time.time()
    monkeypatch.setattr(proof.time, "time", lambda: now - 3600)
    client = log_in(Client(), make_user(roles=["artist"]))
    monkeypatch.setattr(proof.time, "time", lambda: now)

    response = client.get(url_of(name))

    assert response.status_code == 302
    assert response["Location"] == f"/accounts/confirm-identity/?next=/guards/{name}/"
    answer = client.get(url_of(name), headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()) == (403, {"error": "confirm_identity"})


# What programs get


@pytest.mark.parametrize("name", ["function", "async-function", "async-mixin"])
def test_a_program_that_prefers_json_reads_what_is_missing(visit, name):
    def answer(user=None):
        response = visit(url_of(name), user, accept="application/json")
        return response.status_code, response.json()

    assert answer() == (401, {"error": "login_required"})
    assert answer(make_user("u", confirmed=False)) == (403, {"error": "email_not_confirmed"})
    assert answer(make_user("other", is_staff=True)) == (403, {"error": "forbidden"})


def test_an_answer_of_401_names_its_scheme(client):
    response = client.get(url_of("function"), headers={"accept": "application/json"})

    assert response["WWW-Authenticate"] == 'Session realm="testserver"'


@pytest.mark.parametrize(
    "accept", ["", "*/*", "text/html", "text/html,application/json;q=0.9", "image/png"]
)
def test_browsers_get_pages(client, accept):
    response = client.get(url_of("function"), headers={"accept": accept} if accept else {})

    assert response.status_code == 302


# What the refused read


@pytest.mark.parametrize("name", ["function", "async-class"])
def test_what_is_missing_is_told_to_staff_only(visit, name):
    staff, other = make_user("staff", is_staff=True), make_user("other")

    assert "starving and (artist or programmer)" in visit(url_of(name), staff).content.decode()
    page = visit(url_of(name), other).content.decode()
    assert not any(role in page for role in ("starving", "artist", "programmer"))


@pytest.mark.parametrize("is_async", [False, True])
def test_an_inactive_user_whom_another_backend_brought_is_forbidden(rf, async_rf, is_async):
    # our backend brings none; one like Django's AllowAllUsersModelBackend does
    user = make_user(roles=["starving", "artist"], is_staff=True)
    user.is_active = False

    for name in ("function", "unconfirmed", "recent"):
        if is_async:
            request = async_rf.get("/")

            async def auser():
                return user

            request.user, request.auser = user, auser
            response = async_to_sync(views.ALL[f"async-{name}"])(request)
        else:
            request = rf.get("/")
            request.user = user
            response = views.ALL[name](request)
        assert response.status_code == 403
        assert b"Only staff see this" not in response.content


def test_a_user_without_loaded_roles_is_asked_for_in_a_thread(async_rf):
    # somebody's own middleware may set a user that our backend has not loaded
    user = type(make_user()).objects.get()
    assert not user.is_loaded

    async def auser():
        return user

    request = async_rf.get("/")
    request.user, request.auser = user, auser

    assert async_to_sync(views.ALL["async-unconfirmed"])(request).status_code == 200
    assert user.is_loaded


def test_a_stranger_who_has_no_session_at_all_is_a_stranger(rf):
    request = rf.get("/somewhere/")
    request.user = AnonymousUser()

    assert views.ALL["recent"](request).status_code == 302


# What guards cost, and what stands around them


@pytest.mark.parametrize(
    "name", [name for name in views.STARVING if name != "around-async-as-view"]
)
def test_a_guarded_page_costs_two_queries(client, name):
    log_in(client, make_user(roles=["starving", "artist", "funny"]))

    with CaptureQueriesContext(connection) as queries:
        assert client.get(url_of(name)).status_code == 200

    assert len(queries) == 2, [query["sql"] for query in queries]


def test_guards_work_where_every_page_demands_a_login(settings, visit):
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE,
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ]
    artist = make_user(roles=["starving", "artist"])

    for name in views.STARVING:
        assert visit(url_of(name)).status_code == 302
        assert visit(url_of(name), artist).status_code == 200
    assert visit("/accounts/login/").status_code == 200
    assert visit("/accounts/register/").status_code == 200


@pytest.mark.parametrize("name", ["function", "async-function", "async-mixin"])
def test_there_a_guard_answers_programs_if_it_is_the_only_one_to_ask(
    settings, visit, name, monkeypatch
):
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE,
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ]
    json = {"accept": "application/json"}
    assert visit(url_of(name), **json).status_code == 302

    # This is what Django's login_not_required does.
    monkeypatch.setattr(views.ALL[name], "login_required", False, raising=False)

    assert visit(url_of(name), **json).status_code == 401
    assert visit(url_of(name)).status_code == 302
    assert visit(url_of(name), make_user(), **json).status_code == 403


def test_a_guarded_function_keeps_its_name_and_its_text():
    @roles_required("artist")
    def studio(request):
        """Where artists work."""

    assert studio.__name__ == "studio"
    assert studio.__doc__ == "Where artists work."
    assert studio.__wrapped__.__name__ == "studio"


def test_arguments_of_the_url_reach_the_view(rf):
    user = make_user(roles=["artist"])
    request = rf.get("/")
    request.user = user

    @roles_required("artist")
    def picture(request, number, *, size):
        return HttpResponse(f"{number} {size}")

    @roles_required("artist")
    class Picture(View):
        def get(self, request, number, *, size):
            return HttpResponse(f"{number} {size}")

    assert picture(request, 7, size="big").content == b"7 big"
    assert Picture.as_view()(request, 7, size="big").content == b"7 big"


# Wrong calls fail when the module is imported

WRONG_CALLS = [
    ((), ValueError, "Name at least one role."),
    (([],), ValueError, "A list of roles, of which one is enough, has at least one."),
    ((("artist", ["a", "b"]),), TypeError, "A role name is a string, not ['a', 'b']."),
    (([["artist"]],), TypeError, "A role name is a string, not ['artist']."),
    ((7,), TypeError, "A need is a role name or a list of role names, not 7."),
    ((None,), TypeError, "A need is a role name or a list of role names, not None."),
    (({"artist"},), TypeError, "A need is a role name or a list of role names, not {'artist'}."),
    (("Artist",), ValueError, "No role can be called 'Artist': use a to z, digits and . _ : -"),
    (("",), ValueError, "No role can be called '': use a to z, digits and . _ : -"),
    (("artist ",), ValueError, "No role can be called 'artist ': use a to z, digits and . _ : -"),
    (
        ("artist\n",),
        ValueError,
        r"No role can be called 'artist\n': use a to z, digits and . _ : -",
    ),
    (("аrtist",), ValueError, "No role can be called 'аrtist': use a to z, digits and . _ : -"),
]


@pytest.mark.parametrize("needs, error, sentence", WRONG_CALLS)
def test_a_requirement_that_cannot_be_meant_raises_at_once(needs, error, sentence):
    with pytest.raises(error) as caught:
        roles_required(*needs)

    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    "names, error",
    [((), ValueError), ((["a"],), TypeError), (("A",), ValueError), ((7,), TypeError)],
)
def test_accepted_roles_are_names(names, error):
    with pytest.raises(error):
        roles_accepted(*names)


@pytest.mark.parametrize("value", ["secret", ("secret"), {"secret"}, 7])
@pytest.mark.parametrize("attribute", ["roles_required", "roles_accepted"])
def test_a_mixin_takes_a_tuple(attribute, value):
    base = {"roles_required": RolesRequiredMixin, "roles_accepted": RolesAcceptedMixin}[attribute]

    with pytest.raises(TypeError) as caught:
        type("Secret", (base, View), {attribute: value})

    assert str(caught.value) == f"Secret.{attribute}: write a tuple, one with a comma for one."


@pytest.mark.parametrize("as_written", [lambda needs: needs, lambda needs: (needs,)])
def test_a_guard_takes_a_requirement_that_was_named_elsewhere(rf, as_written):
    hungry = Requirement("starving") & (Requirement("artist") | Requirement("programmer"))

    class Supper(RolesRequiredMixin, views.Page):
        roles_required = as_written(hungry)

    request = rf.get("/")
    for name, roles, status in [
        ("frida", ["starving", "artist"], 200),
        ("pablo", ["artist"], 403),
        ("vincent", ["starving"], 403),
    ]:
        request.user = make_user(name, roles=roles)
        assert Supper.as_view()(request).status_code == status
        assert roles_required(hungry)(views.page)(request).status_code == status


def test_roles_that_are_accepted_are_names_and_no_requirement():
    with pytest.raises(TypeError):
        type("Wrong", (RolesAcceptedMixin, View), {"roles_accepted": Requirement("artist")})


@pytest.mark.parametrize("value", [(), []])
def test_a_mixin_with_an_empty_tuple_is_refused(value):
    with pytest.raises(ValueError, match=r"Name at least one role\."):
        type("Secret", (RolesRequiredMixin, View), {"roles_required": value})


@pytest.mark.parametrize(
    "mixin",
    [RolesRequiredMixin, RolesAcceptedMixin, AllowUnconfirmedEmailMixin, RecentLoginRequiredMixin],
)
def test_a_mixin_after_the_view_is_refused(mixin):
    with pytest.raises(TypeError) as caught:
        type("Secret", (TemplateView, mixin), {"roles_required": ("a",), "roles_accepted": ("a",)})

    assert str(caught.value) == "Secret: name the guard mixins before the View."


class Artists(RolesRequiredMixin):
    roles_required = ("artist",)


class Programmers(RolesRequiredMixin):
    roles_required = ("programmer",)


def test_two_parents_that_ask_for_roles_are_refused_until_the_class_says_which():
    with pytest.raises(TypeError) as caught:
        type("Studio", (Artists, Programmers, View), {})

    assert str(caught.value) == (
        "Studio: Artists and Programmers both have roles_required; write there what is asked of "
        "both."
    )
    both = {"roles_required": ("artist", "programmer")}
    assert type("Studio", (Artists, Programmers, View), both).guard is not None
    painters = type("Painters", (Artists,), {"roles_required": ("painter",)})
    assert type("Studio", (painters, Artists, View), {}).guard is not None


def test_a_parent_that_asks_for_the_same_or_leaves_the_roles_to_others_is_none_of_two():
    settings = type("Settings", (), {"roles_required": ("artist",)})
    project = type("Page", (RolesRequiredMixin, View), {"roles_required": None})

    assert type("Studio", (settings, RolesRequiredMixin, View), {}).guard is not None
    assert type("Studio", (Artists, project), {}).guard is not None
    assert type("Studio", (Artists, settings, View), {}).guard is not None


@pytest.mark.parametrize("mixin", [RolesRequiredMixin, RolesAcceptedMixin])
def test_a_mixin_without_its_roles_is_no_page(mixin, rf):
    page = type("Secret", (mixin, views.Page), {})

    with pytest.raises(ImproperlyConfigured) as caught:
        page.as_view()
    with pytest.raises(ImproperlyConfigured):
        page().dispatch(rf.get("/"))

    assert str(caught.value) == "Secret has to set roles_required or roles_accepted."


def test_a_base_class_may_leave_its_roles_to_its_children(rf):
    class Base(RolesRequiredMixin, views.Page):
        pass

    class Child(Base):
        roles_required = ("artist",)

    request = rf.get("/")
    request.user = make_user(roles=["artist"])
    page = Child.as_view()(request)

    assert page.status_code == 200


def test_as_view_cannot_ask_for_other_roles_than_the_class_without_a_word():
    # as_view(roles_required=…) sets them on the instance, where nobody looks
    class Studio(RolesRequiredMixin, views.Page):
        roles_required = ("artist",)

    try:
        view = Studio.as_view(roles_required=("chief",))
    except (TypeError, ImproperlyConfigured):
        return
    assert view.view_class.guard.requirement.matches({"chief"})


def test_a_child_asks_for_what_it_says_itself(rf):
    class Base(RolesRequiredMixin, views.Page):
        roles_required = ("artist",)

    class Child(Base):
        roles_required = ("programmer",)

    request = rf.get("/")
    request.user = make_user(roles=["artist"])

    assert Base.as_view()(request).status_code == 200
    assert Child.as_view()(request).status_code == 403


def test_a_decorated_parent_still_guards_a_child_with_a_mixin(rf):
    @roles_required("starving")
    class Parent(views.Page):
        pass

    class Child(RolesRequiredMixin, Parent):
        roles_required = ("artist",)

    request = rf.get("/")
    request.user = make_user("one", roles=["artist"])
    assert Child.as_view()(request).status_code == 403
    request.user = make_user("both", roles=["artist", "starving"])
    assert Child.as_view()(request).status_code == 200


def test_a_guard_between_others_of_an_async_class_awaits(visit):
    assert visit(url_of("async-class"), make_user(roles=["starving", "artist"])).status_code == 200


def test_a_decorator_of_a_project_may_stand_below_the_guard_of_an_async_dispatch(async_rf):
    @method_decorator([roles_required("artist"), views.polite], name="dispatch")
    class Studio(views.AsyncPage):
        pass

    user = make_user(roles=["artist"])

    async def auser():
        return user

    request = async_rf.get("/")
    request.auser = auser

    assert async_to_sync(Studio.as_view())(request).status_code == 200


@pytest.mark.parametrize("guard", [allow_unconfirmed_email, recent_login_required])
def test_a_guard_without_roles_asks_for_a_login_alone(rf, guard):
    request = rf.get("/")
    request.user = AnonymousUser()

    @guard
    class Page(views.Page):
        pass

    assert guard(views.page)(request).status_code == 302
    assert Page.as_view()(request).status_code == 302


def test_any_number_of_guards_cost_what_one_costs(rf):
    def depth_of_the_stack(request):
        return HttpResponse(len(inspect.stack(0)))

    request = rf.get("/")
    request.user = make_user(roles=["a", "b"])
    once = roles_required("a")(depth_of_the_stack)
    often = once
    for _ in range(20):
        often = roles_required("b")(often)

    assert once(request).content == often(request).content
    assert guard_of(often).requirement == Requirement("a", "b")


def test_what_is_written_on_a_guarded_view_stays_when_another_guard_is_added():
    @roles_required("a")
    @login_not_required
    @roles_required("b")
    def view(request):
        return HttpResponse()

    assert view.login_required is False
    assert guard_of(view).requirement == Requirement("a", "b")


def test_what_stands_between_two_guards_is_called(rf, db):
    @roles_required("a")
    @never_cache
    @roles_required("b")
    def view(request):
        return HttpResponse()

    request = rf.get("/")
    request.user = make_user(roles=["a", "b"])

    assert "no-store" in view(request)["Cache-Control"]
    request.user = make_user("other", roles=["a"])
    assert view(request).status_code == 403
