"""Whoever asks and wherever: only who has the role, now, is let in. The whole table."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.sites import all_sites
from django.contrib.auth.models import Group
from django.http import HttpResponse
from django.template import engines
from django.test import Client
from django.urls import include, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from ninja import NinjaAPI
from rest_framework.authentication import SessionAuthentication
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from django_useraccounts.decorators import guarded, roles_required
from django_useraccounts.guards import may_visit
from django_useraccounts.integrations import ninja, rest_framework
from django_useraccounts.integrations.admin import (
    GuardedActionsMixin,
    RolesRequiredAdminSiteMixin,
    RolesRequiredModelAdminMixin,
    action_roles_required,
)
from django_useraccounts.mixins import RolesRequiredMixin
from django_useraccounts.models import Role, User
from django_useraccounts.requirements import Requirement
from django_useraccounts.roles.flows import grant_role, revoke_role
from django_useraccounts.testing import log_in, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.one_database, pytest.mark.urls(__name__)]

# open: the page. login: sent to log in, or 401. confirm, terms: sent where it is cured. shut: 403.
# yes, no: what code and templates are told; they ask for roles alone, and not whether the address
# is confirmed. All of the people are staff and superusers: that opens nothing.
TABLE = """
people            stranger  none   wrong  right  ended  to_come revoked inactive closed unconfirmed outdated
function          login     shut   shut   open   shut   shut    shut    login    login  confirm     terms
async_function    login     shut   shut   open   shut   shut    shut    login    login  confirm     terms
class             login     shut   shut   open   shut   shut    shut    login    login  confirm     terms
async_class       login     shut   shut   open   shut   shut    shut    login    login  confirm     terms
mixin             login     shut   shut   open   shut   shut    shut    login    login  confirm     terms
method_decorator  login     shut   shut   open   shut   shut    shut    login    login  confirm     terms
guarded           login     shut   shut   open   shut   shut    shut    login    login  confirm     terms
admin_site        login     login  login  open   login  login   login   login    login  login       login
model_admin       login     shut   shut   open   shut   shut    shut    login    login  shut        shut
admin_action      login     no     no     yes    no     no      no      login    login  no          no
rest_framework    shut      shut   shut   open   shut   shut    shut    shut     shut   shut        shut
ninja             login     shut   shut   open   shut   shut    shut    login    login  shut        shut
async_ninja       login     shut   shut   open   shut   shut    shut    login    login  shut        shut
may_visit         no        no     no     yes    no     no      no      no       no     no          no
template          no        no     no     yes    no     no      no      no       no     yes         yes
code              no        no     no     yes    no     no      no      no       no     yes         yes
queryset          no        no     no     yes    no     no      no      no       no     yes         yes
"""
(_, *PEOPLE), *ROWS = (line.split() for line in TABLE.strip().splitlines())
EXPECTED = {
    (channel, who): word
    for channel, *words in ROWS
    for who, word in zip(PEOPLE, words, strict=True)
}
NEEDS = ("starving", ["artist", "programmer"])
DAY = timedelta(days=1)


def page(request):
    return HttpResponse("Welcome.")


async def async_page(request):
    return HttpResponse("Welcome.")


class Page(View):
    def get(self, request):
        return page(request)


class AsyncPage(View):
    async def get(self, request):
        return await async_page(request)


class MixinPage(RolesRequiredMixin, Page):
    roles_required = NEEDS


class Office(RolesRequiredAdminSiteMixin, AdminSite):
    roles_required = NEEDS


class ForSome(RolesRequiredModelAdminMixin, ModelAdmin):
    roles_required = NEEDS


@admin.action(description="Welcome")
@action_roles_required(*NEEDS)
def welcome(admin, request, queryset):
    pass


class WithAction(GuardedActionsMixin, ModelAdmin):
    actions = (welcome,)


class Suppers(APIView):
    authentication_classes = [SessionAuthentication]
    renderer_classes = [JSONRenderer]
    permission_classes = [rest_framework.RolesRequired(*NEEDS)]

    def get(self, request):
        return Response("Welcome.")


api = NinjaAPI(urls_namespace="fail_closed", docs_url=None)


@api.get("/sync", auth=ninja.RolesRequired(*NEEDS))
def suppers(request):
    return "Welcome."


@api.get("/async", auth=ninja.RolesRequired(*NEEDS))
async def async_suppers(request):
    return "Welcome."


def told(view):
    """Make a page that answers yes or no."""
    return lambda request: HttpResponse("yes" if view(request) else "no")


def by_template(request):
    template = engines["django"].from_string(
        "{% load useraccounts %}"
        '{% if user|has_roles:"starving" and user|has_roles:"artist,programmer" %}yes{% endif %}'
    )
    return template.render({"user": request.user})


def by_code(request):
    return request.user.is_authenticated and request.user.has_roles(*NEEDS)


def by_queryset(request):
    # whoever has a session or had one: the answer is for a list of people, not for a visitor
    return User.objects.with_roles(*NEEDS).filter(username="maria").exists()


office, some, acting = Office("office"), AdminSite("some"), AdminSite("acting")
office.register(Group)
some.register(Group, ForSome)
acting.register(Group, WithAction)
# Not for the checks, which are about the site of the tests.
all_sites.difference_update({office, some, acting})

urlpatterns = [
    path("function/", roles_required(*NEEDS)(page), name="function"),
    path("async_function/", roles_required(*NEEDS)(async_page)),
    path("class/", roles_required(*NEEDS)(type("Class", (Page,), {})).as_view()),
    path("async_class/", roles_required(*NEEDS)(type("Class", (AsyncPage,), {})).as_view()),
    path("mixin/", MixinPage.as_view()),
    path(
        "method_decorator/",
        method_decorator(roles_required(*NEEDS), name="dispatch")(
            type("Class", (Page,), {})
        ).as_view(),
    ),
    path("guarded/", guarded(include([path("", page)]), *NEEDS)),
    path("admin_site/", office.urls),
    path("model_admin/", some.urls),
    path("admin_action/", acting.urls),
    path("rest_framework/", Suppers.as_view()),
    path("ninja/", api.urls),
    path("may_visit/", told(lambda request: may_visit(request.user, "function"))),
    path("template/", told(by_template)),
    path("code/", told(by_code)),
    path("queryset/", told(by_queryset)),
    path("accounts/", include("django_useraccounts.urls")),
]
PATHS = {
    "admin_site": "/admin_site/auth/group/",
    "model_admin": "/model_admin/auth/group/",
    "admin_action": "/admin_action/auth/group/",
    "ninja": "/ninja/sync",
    "async_ninja": "/ninja/async",
}


def word_of(response):
    """Return the word of the table for an answer."""
    if response.status_code == 302:
        there = response["Location"].partition("?")[0]
        cures = {"emails": "confirm", "accept_terms": "terms"}
        pages = {reverse(f"useraccounts:{name}"): word for name, word in cures.items()}
        return "login" if there.endswith("/login/") else pages[there]
    if response.status_code != 200:
        return {401: "login", 403: "shut"}[response.status_code]
    if response.request["PATH_INFO"].startswith("/admin_action/"):
        return "yes" if b'<option value="welcome">' in response.content else "no"
    return {b"yes": "yes", b"no": "no"}.get(response.content, "open")


def ask(client, channel):
    return word_of(client.get(PATHS.get(channel, f"/{channel}/")))


def maria(**fields):
    staff = {"is_staff": True, "is_superuser": True, "terms_version": "2"}
    return make_user("maria", **{**staff, **fields})


def arrive(who):
    """Make one of the people, and return a client that was logged in as soon as that was possible."""
    client, now = Client(), timezone.now()
    right = {"roles": ["starving", "artist"]}
    Group.objects.create(name="painters")  # without a row, no action is listed
    for name in ("starving", "artist"):
        Role.objects.create(name=name)
    made = {
        "none": {},
        "wrong": {"roles": ["artist", "editor"]},
        "ended": {"roles": ["starving"]},
        "to_come": {"roles": ["starving"]},
        "unconfirmed": {**right, "confirmed": False},
        "outdated": {**right, "terms_version": "1"},
    }
    if who == "stranger":
        return client
    user = maria(**made.get(who, right))
    log_in(client, user)
    if who == "ended":
        grant_role(user, "artist", since=now - 2 * DAY, until=now - timedelta(microseconds=1))
    if who == "to_come":
        grant_role(user, "artist", since=now + timedelta(minutes=1))
    if who == "inactive":
        User.objects.update(is_active=False)
    if who == "closed":
        User.objects.update(erase_at=now + DAY)
    return client


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("channel", [row[0] for row in ROWS])
def test_everybody_gets_what_the_table_says(set_conf, channel, who):
    set_conf(TERMS_VERSION="2")
    client = arrive(who)
    if who == "revoked":
        # it was open to the same session a moment ago
        assert ask(client, channel) in {"open", "yes"}
        revoke_role(User.objects.get(), "artist")

    assert ask(client, channel) == EXPECTED[channel, who]


def test_the_table_opens_for_the_right_one_alone():
    opened = {who for (_, who), word in EXPECTED.items() if word in {"open", "yes"}}
    by_roles_alone = {
        channel
        for (channel, who), word in EXPECTED.items()
        if who == "unconfirmed" and word == "yes"
    }

    assert opened == {"right", "unconfirmed", "outdated"}
    assert by_roles_alone == {"template", "code", "queryset"}


# What cannot be meant


def of_mixin(*needs):
    return type("Wrong", (RolesRequiredMixin, Page), {"roles_required": needs}).as_view()


WAYS = {
    "decorator": lambda *needs: roles_required(*needs)(page),
    "mixin": of_mixin,
    "guarded": lambda *needs: guarded(include([path("", page)]), *needs),
    "admin_site": lambda *needs: type(
        "Wrong", (RolesRequiredAdminSiteMixin, AdminSite), {"roles_required": needs}
    )("wrong"),
    "model_admin": lambda *needs: type(
        "Wrong", (RolesRequiredModelAdminMixin, ModelAdmin), {"roles_required": needs}
    )(Group, office),
    "admin_action": action_roles_required,
    "rest_framework": rest_framework.RolesRequired,
    "ninja": ninja.RolesRequired,
    "requirement": Requirement,
    "code": lambda *needs: User(username="maria").has_roles(*needs),
    "queryset": User.objects.with_roles,
}
WRONG = {
    "nothing": (),
    "an empty list": ([],),
    "an empty list besides": ("artist", []),
    "an empty list in a list": ([[]],),
    "a list in a list": ([["artist"]],),
    "a number": (7,),
    "a number in a list": (["artist", 7],),
    "None": (None,),
    "bytes": (b"artist",),
    "a set": ({"artist"},),
    "True": (True,),
    "a phrase": ("A Role",),
    "several in one": ("artist,editor",),
    "an empty name": ("",),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_what_cannot_be_meant_raises_where_it_is_written(way, wrong):
    with pytest.raises((TypeError, ValueError)):
        way(*wrong)


@pytest.mark.parametrize("wrong", ["", ",", "artist,", "A Role", 7, None, b"artist", ["artist"]])
def test_what_cannot_be_meant_in_a_template_is_no_yes(wrong):
    template = engines["django"].from_string(
        "{% load useraccounts %}{% if user|has_roles:names %}yes{% endif %}"
    )
    with pytest.raises((TypeError, ValueError, AttributeError)):
        template.render({"user": maria(roles=["artist"]), "names": wrong})


def test_a_role_that_does_not_exist_opens_nothing(rf):
    user = maria(roles=["artist"])
    request = rf.get("/")
    request.user = user

    assert roles_required("no-such-role")(page)(request).status_code == 403
    assert not rest_framework.RolesRequired("no-such-role").has_permission(request, None)
    assert not user.has_roles("no-such-role")
    assert not User.objects.with_roles("no-such-role").exists()
