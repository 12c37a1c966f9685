"""Roles, and who has or had one."""

from collections.abc import Sequence
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db import transaction
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ..errors import AccountError
from ..models import Role, RoleGrant
from ..requirements import guarded_names
from ..roles.flows import extend_grant, rename_role, revoke_grant
from ..roles.flows.names import note_permissions, note_role, permissions_of
from .acts import Asked, answers, ask_then_act
from .bases import RefusableAdmin, RefusableForm, path_in
from .exports import export_grants
from .filters import STATES, GrantOf, GrantState, Source, state_of
from .granting import ExtendGrantForm, Extension, ReasonForm
from .inlines import HolderInline
from .pages import AtLeast, LongChangeList, count_each
from .records import ReadOnly
from .rights import may_export

#: How far the holders of a role are counted.
HOLDERS_COUNTED = 1000
#: How many places in the code a warning names; the page of a role names all.
PLACES_TOLD = 10


def note_holders(roles: Sequence[Any]) -> None:
    """Note on each role how many hold it now, by one statement for all of them."""
    held = RoleGrant.objects.in_force().annotate(counted=F("user"))
    # Apart: those in force are then found by the index, among all that have ended.
    kinds = (held.filter(counts_until=None), held.filter(counts_until__gt=timezone.now()))
    # To a number and no further: everybody may have a role.
    lots = [
        [kind.filter(role=role).values("counted")[:HOLDERS_COUNTED] for kind in kinds]
        for role in roles
    ]
    for role, number in zip(roles, count_each(lots), strict=True):
        role.holders = AtLeast(number) if number >= HOLDERS_COUNTED else number


class RoleChangeList(LongChangeList):
    """Roles with the numbers of their holders."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list: Any = list(self.result_list)
        note_holders(self.result_list)


@admin.register(Role)
class RoleAdmin(RefusableAdmin):
    """Roles; one that somebody has or had cannot be deleted, since history names it."""

    form = RefusableForm
    list_display = ("name", "label", "holders")
    search_fields = ("name", "label")
    filter_horizontal = ("permissions",)
    inlines = (HolderInline,)
    actions = ("export_holders",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return RoleChangeList

    # Translators: head of a column: how many users have the role now.
    @admin.display(description=_("held by"))
    def holders(self, role: Any) -> int:
        if not hasattr(role, "holders"):
            note_holders([role])
        number: int = role.holders
        return number

    # Translators: the pages of the site that only users with this role may open.
    @admin.display(description=_("guards that ask for it"))
    def guards(self, role: Role) -> str:
        places = ((place,) for place in sorted(guarded_names.get(role.name, ())))
        return format_html_join("", "<div>{}</div>", places) or "-"

    # The form

    def get_readonly_fields(self, request: HttpRequest, obj: Role | None = None) -> tuple[str, ...]:
        # What a role carries is a right, and only a superuser gives rights.
        return ("holders", "guards", *(() if request.user.is_superuser else ("permissions",)))

    def get_fieldsets(self, request: HttpRequest, obj: Role | None = None) -> Any:
        main = (None, {"fields": ["name", "label", "description", "permissions"]})
        if obj is None:
            return [main]
        about = {"fields": ["holders", "guards"], "description": self._grants_link(request, obj)}
        return [main, (_("Where it counts"), about)]

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return super().get_inlines(request, obj) if obj else ()

    def _grants_link(self, request: HttpRequest, role: Role) -> str:
        path = path_in(self.admin_site, RoleGrant, "changelist")
        if not path or not request.user.has_perm("useraccounts.view_rolegrant"):
            return ""
        asked = urlencode({"role": role.name, "state": "in_force"})
        return format_html('<a href="{}?{}">{}</a>', path, asked, _("Everybody who has it now"))

    # Saving

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        if not change:
            super().save_model(request, obj, form, change)
            self._note("role_made", obj, request)
            return
        if "name" in form.changed_data:
            by: Any = request.user
            rename_role(Role.objects.get(pk=obj.pk), obj.name, by=by, request=request)
        obj.save(update_fields=["label", "description"])

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        before, by = permissions_of(form.instance), cast("Any", request.user)
        super().save_related(request, form, formsets, change)
        note_permissions(form.instance, before, by=by, request=request)
        # Only now: what a flow refuses beside it takes the new name back.
        if change and "name" in form.changed_data:
            self._name_guards(request, form.initial["name"])

    def delete_model(self, request: HttpRequest, obj: Role) -> None:
        self.delete_queryset(request, Role.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Role]) -> None:
        with transaction.atomic():
            # Locked: what another browser deletes at this moment is deleted, and told, once.
            keys = [role.pk for role in queryset]
            for role in Role.objects.select_for_update().filter(pk__in=keys):
                self._note("role_deleted", role, request)
            super().delete_queryset(request, queryset)

    def _note(self, kind: str, role: Role, request: HttpRequest) -> None:
        by: Any = request.user
        note_role(kind, role, by=by, request=request)

    def _name_guards(self, request: HttpRequest, old: str) -> None:
        if places := sorted(guarded_names.get(old, ())):
            more = ["…"] if len(places) > PLACES_TOLD else []
            sentence = _(
                "Guards still ask for “%(name)s”, and let nobody in by this role before the code "
                "names the new one: %(places)s"
            ) % {"name": old, "places": ", ".join([*places[:PLACES_TOLD], *more])}
            self.message_user(request, sentence, messages.WARNING)

    # The action

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Say who may take a list of people away as a file."""
        return may_export(request.user)

    @admin.action(permissions=["export"], description=_("Export who has them now, as CSV"))
    def export_holders(self, request: HttpRequest, queryset: QuerySet[Role]) -> HttpResponseBase:
        return export_grants(request, RoleGrant.objects.in_force().filter(role__in=queryset))


@admin.register(RoleGrant)
class RoleGrantAdmin(ReadOnly, RefusableAdmin):
    """Grants: read, extended and ended. Nothing else of one ever changes."""

    form = ExtendGrantForm
    list_display = (
        "role",
        "user",
        "starts_at",
        "ends_at",
        "state",
        "granted_by",
        "source",
        "reason",
    )
    list_filter = (GrantState, GrantOf, Source)
    list_prefetch_related = ("role", "user", "granted_by")
    readonly_fields = (*list_display, "counts_until", "granted_at", "reminded_at")
    ordering = ("-pk",)
    actions = ("extend", "revoke", "export")

    @admin.display(description=_("state"))
    def state(self, grant: RoleGrant) -> str:
        return str(STATES[state_of(grant)])

    # The page of one: to change it is to extend it

    def has_change_permission(self, request: HttpRequest, obj: RoleGrant | None = None) -> bool:
        has_end = obj is not None and obj.ends_at is not None and state_of(obj) != "over"
        return has_end and self.has_extend_permission(request)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        shown = [(None, {"fields": list(self.readonly_fields)})]
        if not self.has_change_permission(request, obj):
            return shown
        return [*shown, (_("Extend"), {"fields": list(Extension.base_fields)})]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        by: Any = request.user
        given = form.cleaned_data
        extend_grant(obj, until=given["until"], reason=given["why"], by=by, request=request)

    # The actions

    def has_extend_permission(self, request: HttpRequest) -> bool:
        """Say who may let grants last longer: who may add others, and then policy is asked."""
        return bool(request.user.has_perm("useraccounts.add_rolegrant"))

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Say who may end grants: whoever may delete them, as it were, and then policy is asked."""
        return bool(request.user.has_perm("useraccounts.delete_rolegrant"))

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Say who may take a list of people away as a file."""
        return may_export(request.user)

    @admin.action(permissions=["extend"], description=_("Extend…"))
    def extend(self, request: HttpRequest, queryset: QuerySet[RoleGrant]) -> Any:
        form = Extension(answers(request))

        def flow(grant: RoleGrant, **act: Any) -> None:
            given = form.cleaned_data
            extend_grant(grant, until=given["until"], reason=given["why"], **act)

        def done(number: int) -> str:
            return ngettext(
                "%(number)d grant was extended.", "%(number)d grants were extended.", number
            ) % {"number": number}

        ask = Asked("extend", title=_("Extend"), form=form, name=_named)
        return ask_then_act(self, request, queryset, flow, ask=ask, done=done)

    @admin.action(permissions=["revoke"], description=_("Revoke…"))
    def revoke(self, request: HttpRequest, queryset: QuerySet[RoleGrant]) -> Any:
        form = ReasonForm(answers(request))

        def flow(grant: RoleGrant, **act: Any) -> None:
            if not revoke_grant(grant, reason=form.cleaned_data["reason"], **act):
                raise AccountError(_("This grant has ended already."))

        def done(number: int) -> str:
            return ngettext(
                "%(number)d grant was revoked.", "%(number)d grants were revoked.", number
            ) % {"number": number}

        ask = Asked("revoke", title=_("Revoke"), form=form, name=_named)
        return ask_then_act(self, request, queryset, flow, ask=ask, done=done)

    @admin.action(permissions=["export"], description=_("Export as CSV"))
    def export(self, request: HttpRequest, queryset: QuerySet[RoleGrant]) -> HttpResponseBase:
        return export_grants(request, queryset)


def _named(grant: RoleGrant) -> str:
    return f"{grant.user}: {grant.role}"
