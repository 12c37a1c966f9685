"""Roles, and who has or had one."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ..models import Role, RoleGrant
from ..roles.flows import revoke_grant
from .bases import ModelAdmin
from .records import ReadOnly
from .rights import holds_no_less


@admin.register(Role)
class RoleAdmin(ModelAdmin):
    """Roles; one that somebody has or had cannot be deleted, since history names it."""

    list_display = ("name", "label", "holders")
    search_fields = ("name", "label")
    fields = ("name", "label", "description")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Role]:
        held = RoleGrant.objects.in_force().filter(role=OuterRef("pk")).order_by().values("role")
        users = held.annotate(users=Count("user", distinct=True)).values("users")
        roles: QuerySet[Role] = super().get_queryset(request)
        return roles.annotate(holders=Coalesce(Subquery(users), 0))

    @admin.display(description=_("held by"), ordering="holders")
    def holders(self, role: Any) -> int:
        number: int = role.holders
        return number

    def get_readonly_fields(self, request: HttpRequest, obj: Role | None = None) -> tuple[str, ...]:
        # Guards ask for the name in code: another one would open doors, or shut them.
        return ("name",) if obj else ()


class InForce(admin.SimpleListFilter):
    title = _("in force")
    parameter_name = "in_force"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Now")), ("no", _("Before or later"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        now = RoleGrant.objects.in_force()
        if self.value() == "yes":
            return queryset.filter(pk__in=now)
        return queryset.exclude(pk__in=now) if self.value() == "no" else queryset


@admin.register(RoleGrant)
class RoleGrantAdmin(ReadOnly):
    list_display = ("role", "user", "starts_at", "ends_at", "granted_by", "source", "reason")
    list_filter = (InForce, "role")
    list_select_related = ("role", "user", "granted_by")
    fields = (*list_display, "granted_at")
    ordering = ("-pk",)
    actions = ("revoke",)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Say who may end grants: whoever may delete them, as it were."""
        return bool(request.user.has_perm("useraccounts.delete_rolegrant"))

    @admin.action(permissions=["revoke"], description=_("Revoke"))
    def revoke(self, request: HttpRequest, queryset: QuerySet[RoleGrant]) -> None:
        by: Any = request.user
        revoked = 0
        for grant in queryset:
            if not holds_no_less(by, grant.user) or (by == grant.user and not by.is_superuser):
                sentence = _("You may not change the account %(user)s.") % {"user": grant.user}
                self.message_user(request, sentence, messages.ERROR)
            elif revoke_grant(grant, by=by, request=request):
                revoked += 1
        sentence = ngettext(
            "%(number)d grant was revoked.", "%(number)d grants were revoked.", revoked
        )
        self.message_user(request, sentence % {"number": revoked})
