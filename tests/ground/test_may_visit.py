"""Which pages to lead a visitor to: the guard of a page answers without a visit."""

from functools import cache

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.models import User as StockUser
from django.http import HttpResponse
from django.template import Context, Template
from django.test import Client
from django.urls import (
    NoReverseMatch,
    include,
    path,
    register_converter,
    reverse,
    set_script_prefix,
)
from django.urls.converters import StringConverter
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View

from django_useraccounts.backends import AccountsBackend
from django_useraccounts.decorators import (
    allow_unconfirmed_email,
    confirmed_email_required,
    guarded,
    roles_accepted,
    roles_required,
)
from django_useraccounts.guards import may_visit
from django_useraccounts.mixins import AllowOutdatedTermsMixin
from django_useraccounts.testing import log_in, make_user
from tests import views

pytestmark = [pytest.mark.django_db, pytest.mark.one_database, pytest.mark.urls(__name__)]


def page(request, **kwargs):
    return HttpResponse("Welcome.")


class Page(View):
    def get(self, request):
        return page(request)


class Overdue(AllowOutdatedTermsMixin, Page):
    pass


@method_decorator(roles_required("artist"), name="dispatch")
class SeveralOnDispatch(Page):
    """Guards in several places, none of which may hide another."""

    @method_decorator([roles_accepted("starving", "member"), confirmed_email_required])
    def get(self, request):
        return page(request)


@method_decorator([roles_required("artist"), roles_required("starving")], name="dispatch")
class ListOnDispatch(Page):
    pass


@method_decorator(roles_required("starving"), name="dispatch")
class ChildOfGuarded(ListOnDispatch):
    def dispatch(self, request, *args, **kwargs):
        return super().dispatch(request, *args, **kwargs)


class HandlerInside(Page):
    """What the handler allows, what stands before it still asks for."""

    @method_decorator([allow_unconfirmed_email, roles_required("artist")])
    def get(self, request):
        return page(request)


@method_decorator(allow_unconfirmed_email, name="dispatch")
class AllowedOutside(Page):
    @method_decorator(roles_required("artist"))
    def get(self, request):
        return page(request)


class Forgotten(StringConverter):
    """What has been at this path is no more."""

    def to_python(self, value):
        raise ValueError(value)


register_converter(Forgotten, "forgotten")

OURS = {
    "plain": page,
    "several-on-dispatch": SeveralOnDispatch.as_view(),
    "list-on-dispatch": ListOnDispatch.as_view(),
    "child-of-guarded": ChildOfGuarded.as_view(),
    "handler-inside": HandlerInside.as_view(),
    "asked-outside": confirmed_email_required(HandlerInside.as_view()),
    "allowed-outside": AllowedOutside.as_view(),
    "overdue": Overdue.as_view(),
    "far-below": views.polite(views.polite(roles_required("artist")(page))),
}
ALL = views.ALL | OURS

urlpatterns = [
    *(path(f"pages/{name}/", view, name=name) for name, view in ALL.items()),
    path(
        "shut/",
        guarded(
            include(([path(f"{name}/", view, name=name) for name, view in ALL.items()], "shut")),
            ["programmer", "artist"],
        ),
    ),
    path("picture/<str:name>/", roles_required("artist")(page), name="picture"),
    path("first/", roles_required("artist")(page), name="first"),
    path("first/", page, name="second"),
    path("Große Straße/", roles_required("artist")(page), name="street"),
    path("forgotten/<forgotten:name>/", page, name="forgotten"),
    path("accounts/", include("django_useraccounts.urls")),
]

PEOPLE = {
    "no role": {},
    "one": {"roles": ["artist"]},
    "another": {"roles": ["starving"]},
    "both": {"roles": ["starving", "artist"]},
    "unconfirmed": {"confirmed": False},
    "unconfirmed artist": {"roles": ["artist"], "confirmed": False},
    "unconfirmed both": {"roles": ["starving", "artist"], "confirmed": False},
}


def loaded(user):
    """Return the user as a request brings it: with roles and proof."""
    return AccountsBackend().get_user(user.pk)


@pytest.mark.parametrize("terms", ["", "2"])
@pytest.mark.parametrize("who", ["stranger", *PEOPLE])
def test_it_answers_what_a_visit_does(set_conf, who, terms, django_assert_num_queries):
    set_conf(TERMS_VERSION=terms)
    client, user = Client(), AnonymousUser()
    if who != "stranger":
        user = make_user(**PEOPLE[who])
        log_in(client, user)
        user = loaded(user)

    for name in [*ALL, *(f"shut:{name}" for name in OURS)]:
        with django_assert_num_queries(0):
            answer = may_visit(user, name)
        assert answer is (client.get(reverse(name)).status_code == 200), name


def test_a_page_that_only_asks_for_a_recent_login_is_open(client):
    user = make_user(roles=["artist"])
    log_in(client, user)
    session = client.session
    session["useraccounts_proved_at"] = 0
    session.save()

    assert client.get(reverse("recent-and-roles")).status_code == 302
    assert may_visit(user, "recent-and-roles")
    assert not may_visit(make_user("other"), "recent-and-roles")


@pytest.mark.parametrize("user", [None, "", AnonymousUser(), StockUser(username="stock"), object()])
def test_who_is_no_user_of_the_accounts_may_see_what_has_no_guard(user):
    assert may_visit(user, "plain")
    assert not may_visit(user, "unconfirmed")
    assert not may_visit(user, "function")


@pytest.mark.parametrize("fields", [{"is_active": False}, {"erase_at": timezone.now()}], ids=list)
def test_who_is_switched_off_or_gone_may_see_nothing_that_is_guarded(fields):
    user = make_user(roles=["artist", "starving"])
    for name, value in fields.items():
        setattr(user, name, value)

    assert not may_visit(user, "function")
    assert not may_visit(user, "unconfirmed")


def test_superusers_need_the_role():
    assert not may_visit(make_user(is_superuser=True, is_staff=True), "function")


def test_arguments_are_those_of_the_url():
    artist = make_user(roles=["artist"])

    assert may_visit(artist, "picture", "sunflowers")
    assert may_visit(artist, "picture", name="50 % off?")
    assert not may_visit(make_user("other"), "picture", name="sunflowers")


def test_a_path_may_have_signs_that_a_url_writes_otherwise():
    assert reverse("street") == "/Gro%C3%9Fe%20Stra%C3%9Fe/"
    assert may_visit(make_user("frida", roles=["artist"]), "street")


def test_the_view_that_answers_is_asked_and_not_the_one_of_that_name():
    assert not may_visit(make_user(), "second")
    assert may_visit(make_user("frida", roles=["artist"]), "second")


def test_the_prefix_of_the_site_is_no_part_of_the_path():
    set_script_prefix("/site/")
    try:
        assert reverse("function") == "/site/pages/function/"
        assert may_visit(make_user(roles=["starving", "artist"]), "function")
        assert not may_visit(make_user("other"), "function")
    finally:
        set_script_prefix("/")


def test_pages_of_the_accounts_answer_too():
    assert may_visit(AnonymousUser(), "useraccounts:login")
    assert not may_visit(AnonymousUser(), "useraccounts:profile")
    assert may_visit(make_user(confirmed=False), "useraccounts:emails")


def test_a_url_that_leads_nowhere_is_not_open():
    assert reverse("forgotten", args=["picture"])
    assert not may_visit(AnonymousUser(), "forgotten", "picture")


@pytest.mark.parametrize("name", ["nowhere", "shut:nowhere", "picture", "", "no:where"])
def test_an_unknown_url_raises_as_in_django(name):
    with pytest.raises(NoReverseMatch):
        may_visit(AnonymousUser(), name)


# In templates


@cache
def template():
    return Template("{% load useraccounts %}{% if user|may_visit:name %}<a>Studio</a>{% endif %}")


@pytest.mark.parametrize(
    "roles, name, shown",
    [
        (["artist"], "first", "<a>Studio</a>"),
        ([], "first", ""),
        ([], "plain", "<a>Studio</a>"),
    ],
)
def test_a_template_leads_to_what_is_open(roles, name, shown):
    user = make_user(roles=roles)

    assert template().render(Context({"user": user, "name": name})) == shown


def test_a_template_without_a_user_leads_strangers():
    assert template().render(Context({"name": "first"})) == ""
    assert template().render(Context({"user": AnonymousUser(), "name": "first"})) == ""


def test_a_template_with_a_wrong_name_fails_as_url_does():
    with pytest.raises(NoReverseMatch):
        template().render(Context({"user": AnonymousUser(), "name": "nowhere"}))
