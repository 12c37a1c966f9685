"""Pages of Django's administration, REST framework and ninja that ask for roles."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import AdminSite, ModelAdmin, TabularInline
from django.contrib.admin.sites import all_sites
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.http import HttpRequest
from django.urls import include, path
from django.utils.decorators import method_decorator
from ninja import NinjaAPI
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import IsAdminUser, IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_useraccounts.integrations import ninja
from django_useraccounts.integrations.admin import (
    GuardedActionsMixin,
    RolesRequiredAdminSiteMixin,
    RolesRequiredModelAdminMixin,
    action_roles_required,
)
from django_useraccounts.integrations.rest_framework import BasicAuthentication, RolesRequired
from django_useraccounts.requirements import Requirement

NEEDS: tuple[str, list[str]] = ("starving", ["artist", "programmer"])

# The administration


class GuildOffice(RolesRequiredAdminSiteMixin, AdminSite):
    roles_required = NEEDS


@action_roles_required(*NEEDS)
def clear(admin: Any, request: HttpRequest, queryset: Any) -> None:
    queryset.update(name="cleared")


@admin.action(description="Clear, too")
@action_roles_required(*NEEDS)
def clear_too(admin: Any, request: HttpRequest, queryset: Any) -> None:
    queryset.update(name="cleared")


class ActionsAdmin(GuardedActionsMixin, ModelAdmin):
    actions = (clear, clear_too, "clear_by_method", "rename")

    @admin.action(description="Clear by method")
    @action_roles_required(*NEEDS)
    def clear_by_method(self, request: HttpRequest, queryset: Any) -> None:
        queryset.update(name="cleared")

    def rename(self, request: HttpRequest, queryset: Any) -> None:
        queryset.update(name="renamed")


class PermissionInline(RolesRequiredModelAdminMixin, TabularInline):
    model = Group.permissions.through
    roles_required = ("treasurer",)
    extra = 1


class GroupAdmin(RolesRequiredModelAdminMixin, ModelAdmin):
    roles_required = NEEDS
    inlines = (PermissionInline,)


office = GuildOffice("office")
office.register(Group)
models = AdminSite("models")
models.register(Group, GroupAdmin)
models.register(Permission)
actions = AdminSite("actions")
actions.register(Group, ActionsAdmin)
# Not for the checks, which are about the site of the tests.
all_sites.difference_update({office, models, actions})


# The REST framework


class Suppers(APIView):
    renderer_classes = [JSONRenderer]
    permission_classes = [RolesRequired(*NEEDS)]
    authentication_classes = [SessionAuthentication]

    def get(self, request: Request) -> Response:
        return Response({"welcome": request.user.get_username()})

    post = get


class BasicSuppers(Suppers):
    authentication_classes = [BasicAuthentication]


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class NonAtomicSuppers(BasicSuppers):
    pass


class AnybodysSuppers(BasicSuppers):
    permission_classes = [IsAuthenticated]


class EitherSuppers(Suppers):
    permission_classes = [RolesRequired("artist") | RolesRequired("programmer")]


class BothSuppers(Suppers):
    permission_classes = [RolesRequired("artist") & RolesRequired("starving") & IsAuthenticated]


class StaffOrArtistSuppers(Suppers):
    permission_classes = [IsAdminUser | RolesRequired("artist")]


class ForgottenBrackets(Suppers):
    permission_classes = [RolesRequired]


# ninja

api = NinjaAPI(urls_namespace="ninja", docs_url=None)


@api.get("/suppers", auth=ninja.RolesRequired(*NEEDS))
def suppers(request: HttpRequest) -> dict[str, str]:
    return {"welcome": request.auth.get_username()}  # type: ignore[attr-defined]


@api.get("/async-suppers", auth=ninja.RolesRequired(Requirement(*NEEDS)))
async def async_suppers(request: HttpRequest) -> dict[str, str]:
    return {"welcome": request.auth.get_username()}  # type: ignore[attr-defined]


@api.post("/order", auth=ninja.RolesRequired(*NEEDS))
def order(request: HttpRequest) -> str:
    return "ordered"


@api.post("/order-from-elsewhere", auth=ninja.RolesRequired(*NEEDS, csrf=False))
def order_from_elsewhere(request: HttpRequest) -> str:
    return "ordered"


urlpatterns = [
    path("office/", office.urls),
    path("models/", models.urls),
    path("actions/", actions.urls),
    path("rest/", Suppers.as_view()),
    path("rest/basic/", BasicSuppers.as_view()),
    path("rest/basic/non-atomic/", NonAtomicSuppers.as_view()),
    path("rest/anybody/", AnybodysSuppers.as_view()),
    path("rest/either/", EitherSuppers.as_view()),
    path("rest/both/", BothSuppers.as_view()),
    path("rest/staff-or-artist/", StaffOrArtistSuppers.as_view()),
    path("rest/forgotten-brackets/", ForgottenBrackets.as_view()),
    path("ninja/", api.urls),
    path("accounts/", include("django_useraccounts.urls")),
]
