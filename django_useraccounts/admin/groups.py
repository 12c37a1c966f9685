"""Groups of Django: what one may do is a right of all who are in it."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import AdminSite
from django.contrib.auth.admin import GroupAdmin as StockGroupAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from ..models import AccountEvent
from ..roles.flows.names import permissions_of
from .bases import RefusableAdmin


class GroupAdmin(RefusableAdmin, StockGroupAdmin):
    """Groups are changed by superusers only; others with Django's permissions see them."""

    # Whoever is in a group, or is put there by a friend, could give it every permission.

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser and super().has_delete_permission(request, obj)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        group = form.instance
        before = permissions_of(group)
        super().save_related(request, form, formsets, change)
        _note(group, before, permissions_of(group), request)

    def delete_model(self, request: HttpRequest, obj: Group) -> None:
        _note(obj, permissions_of(obj), set(), request)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Group]) -> None:
        with transaction.atomic():
            for group in queryset:
                _note(group, permissions_of(group), set(), request)
            super().delete_queryset(request, queryset)


def _note(group: Group, before: set[str], now: set[str], request: HttpRequest) -> None:
    """Write down which permissions a group gives more and less than ``before``, if any."""
    if now == before:
        return
    by: Any = request.user
    details = {"group": group.name, "given": sorted(now - before), "taken": sorted(before - now)}
    AccountEvent.objects.record(
        "rights_changed", user=None, actor=by, details=details, request=request
    )


def take_over(site: AdminSite) -> None:
    """Administer the groups of a site, unless it has no groups, or a class of its own for them."""
    if site.is_registered(Group) and type(site.get_model_admin(Group)) is StockGroupAdmin:
        site.unregister(Group)
        site.register(Group, GroupAdmin)


# Django's module has registered its own by now: importing it does so, whichever app is first.
take_over(admin.site)
