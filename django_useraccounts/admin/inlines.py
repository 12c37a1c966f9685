"""What stands beside a user or a role: addresses, and grants that are, will be, and were."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import display_for_value
from django.contrib.admin.widgets import AdminSplitDateTime
from django.db.models import DateTimeField, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from ..models import RoleGrant, UserEmail
from .bases import TabularInline, path_in
from .filters import STATES, state_of
from .forms import AddressForm, AddressFormSet
from .granting import GrantForm, GrantFormSet, HolderForm, MomentField


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
    formfield_overrides = {
        DateTimeField: {"form_class": MomentField, "widget": AdminSplitDateTime},
    }
    fields: tuple[str, ...] = (
        *("role", "starts_at", "ends_at", "reason"),
        *("granted_by", "state", "longer"),
    )
    readonly_fields = ("granted_by", "state", "longer")
    ordering: tuple[str, ...] = ("role__name", "starts_at")
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[RoleGrant]:
        grants: Any = super().get_queryset(request).select_related("role", "user", "granted_by")
        lasting: QuerySet[RoleGrant] = grants.lasting()
        return lasting

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("state"))
    def state(self, grant: RoleGrant) -> str:
        return str(STATES[state_of(grant)]) if grant.pk else ""

    # Translators: head of a column with links that let a role last longer.
    @admin.display(description=_("extend"))
    def longer(self, grant: RoleGrant) -> str:
        if not grant.pk or grant.ends_at is None:
            return ""
        path = path_in(self.admin_site, RoleGrant, "change", grant.pk)
        return format_html('<a href="{}">{}</a>', path, _("Extend…")) if path else ""


class HolderInline(GrantInline):
    """The same beside the role."""

    fk_name = "role"
    form = HolderForm
    fields = ("user", *GrantInline.fields[1:])
    ordering = ("-pk",)
    verbose_name = _("grant")
    verbose_name_plural = _("who has it, or will")


class PastGrantInline(GrantInline):
    verbose_name = _("past role")
    verbose_name_plural = _("past roles")
    fields = GrantInline.fields[:-2]
    ordering = ("-counts_until",)
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[RoleGrant]:
        grants = super(GrantInline, self).get_queryset(request)
        ended = grants.filter(counts_until__lte=timezone.now())
        return ended.select_related("role", "granted_by")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
