"""What belongs to a user, on the user's page: addresses, and roles now and before."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import display_for_value
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..models import RoleGrant, UserEmail
from .bases import TabularInline
from .forms import AddressForm, AddressFormSet, GrantForm, GrantFormSet


class AddressInline(TabularInline):
    model = UserEmail
    form = AddressForm
    formset = AddressFormSet
    fields = ("email", "confirmed", "is_primary", "since")
    readonly_fields = ("since",)
    ordering = ("pk",)
    extra = 0

    @admin.display(description=_("since"))
    def since(self, address: UserEmail) -> str:
        # Django shows a column of the model as people read it, and what a method returns as it is.
        shown: str = display_for_value(address.confirmed_at, "-")
        return shown


class GrantInline(TabularInline):
    """Roles in force and to come: given and taken, never edited, so that history stays true."""

    model = RoleGrant
    fk_name = "user"
    form = GrantForm
    formset = GrantFormSet
    fields = ("role", "starts_at", "ends_at", "reason", "granted_by")
    readonly_fields = ("granted_by",)
    ordering = ("role__name", "starts_at")
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[RoleGrant]:
        grants = super().get_queryset(request).select_related("role", "granted_by")
        return grants.exclude(counts_until__lte=timezone.now())

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_others(request, obj) and super().has_add_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_others(request, obj) and super().has_delete_permission(request, obj)


class PastGrantInline(GrantInline):
    verbose_name = _("past role")
    verbose_name_plural = _("past roles")
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[RoleGrant]:
        grants = super(GrantInline, self).get_queryset(request)
        ended = grants.filter(counts_until__lte=timezone.now())
        return ended.select_related("role", "granted_by")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _is_others(request: HttpRequest, user: Any) -> bool:
    """Nobody but a superuser gives a role to oneself."""
    return bool(request.user.is_superuser) or user != request.user
