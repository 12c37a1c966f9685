"""What the lists of users and grants are narrowed down to; nothing here reads a whole table."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ..models import Role, RoleGrant

#: How many roles a filter offers; the page of each other role leads to the list of its grants.
OFFERED = 100
#: Among how many of the latest grants their sources are looked for.
LATEST = 1000
#: How far "soon" goes, and what it is called.
SOON_DAYS = 30
SOON = _("Ending within 30 days")

#: What a grant is in at a moment; in force is also what is in grace.
STATES = {
    "in_force": pgettext_lazy("grant of a role", "In force"),
    "ending": SOON,
    "in_grace": _("In the days of grace"),
    "to_come": pgettext_lazy("grant of a role", "Not begun yet"),
    "over": pgettext_lazy("grant of a role", "Ended"),
}


def state_of(grant: RoleGrant) -> str:
    """Return in what state a grant is now, as a key of STATES."""
    now = timezone.now()
    if grant.counts_until is not None and grant.counts_until <= now:
        return "over"
    if grant.starts_at > now:
        return "to_come"
    return "in_grace" if grant.ends_at is not None and grant.ends_at <= now else "in_force"


class Closed(admin.SimpleListFilter):
    title = pgettext_lazy("account", "closed")
    parameter_name = "closed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Closed, to be erased")), ("no", pgettext_lazy("account", "Open"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in {"yes", "no"}:
            return queryset
        return queryset.filter(erase_at__isnull=self.value() == "no")


class _OfRole(admin.SimpleListFilter):
    title = _("role")
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(role.name, str(role)) for role in Role.objects.all()[:OFFERED]]

    @property
    def role_key(self) -> int | None:
        """The key of the role: by it, and not by the name, a database knows how many have it."""
        return Role.objects.filter(name=self.value()).values_list("pk", flat=True).first()


class HoldsRole(_OfRole):
    """Users by a role that they have now."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        grants = RoleGrant.objects.in_force().filter(role__in=[self.role_key])
        return queryset.filter(pk__in=grants.values("user"))


class RoleEnds(admin.SimpleListFilter):
    """Users who lose a role soon: the one that the list is narrowed down to, else any."""

    title = _("end of a role")
    parameter_name = "ends"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("soon", _("Within 30 days"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() != "soon":
            return queryset
        grants = RoleGrant.objects.ending_within(SOON_DAYS)
        role = request.GET.get(HoldsRole.parameter_name)
        of_role = grants.filter(role__name=role) if role else grants
        return queryset.filter(pk__in=of_role.values("user"))


class GrantOf(_OfRole):
    """Grants by their role."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(role__in=[self.role_key]) if self.value() else queryset


class GrantState(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(STATES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        now = timezone.now()
        match self.value():
            case "in_force":
                return queryset & RoleGrant.objects.in_force(now)
            case "ending":
                return queryset & RoleGrant.objects.ending_within(SOON_DAYS)
            case "in_grace":
                return queryset & RoleGrant.objects.in_force(now).filter(ends_at__lte=now)
            case "to_come":
                return queryset.filter(starts_at__gt=now)
            case "over":
                return queryset.filter(counts_until__lte=now)
        return queryset


class Source(admin.SimpleListFilter):
    title = _("source")
    parameter_name = "source"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        latest = RoleGrant.objects.order_by("-pk").values_list("source", flat=True)[:LATEST]
        # Another one stays reachable by the address of the page, which then has it chosen.
        return [(source, source) for source in sorted({*latest, self.value() or ""} - {""})]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(source=self.value()) if self.value() else queryset
