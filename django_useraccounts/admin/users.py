"""Users: found, opened, helped and switched off, each change by its flow."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ..administration.flows import (
    RIGHTS,
    add_user,
    change_rights,
    end_sessions,
    send_password_link,
    switch_off,
    switch_on,
)
from ..emails.flows.rows import locked
from ..errors import AccountError
from ..identity import has_emails
from ..leaving.flows import close_account, reopen_account
from ..models import AccountEvent, EmailUser, RoleGrant, User
from ..profile.flows import change_username, edit_profile
from ..roles.flows import grant_role, revoke_role
from .acts import Asked, act_on_each, answers, ask_then_act
from .bases import RefusableAdmin, as_by_session, path_in
from .filters import Closed, HoldsRole, RoleEnds
from .forms import AddUserForm, UserForm, absent_names
from .granting import GrantRoleForm, RevokeRoleForm
from .history import KINDS, role_history
from .inlines import AddressInline, GrantInline, PastGrantInline
from .rights import may_change
from .search import HELP, find_users

DATES = ("last_login", "date_joined", "erase_at", "terms_version", "terms_accepted_at")

#: What nobody may ask for in the query string of the list: by what a filter finds, a hash is read.
HIDDEN = ("password", "session_epoch", "username_key")


@admin.register(User, EmailUser)
class UserAdmin(RefusableAdmin):
    """
    The users of a site; register a model of your own with it, or with a subclass.

    It shows no password and sets none, and deletes nobody: switch an account off instead. The
    columns that PROFILE_FIELDS names stand in the form; a subclass adds others in
    ``get_fieldsets``, and they are saved as they are.
    """

    form = UserForm
    list_display = (
        "username",
        "email",
        "full_name",
        "role_labels",
        "is_active",
        "is_staff",
        "last_login",
        "erase_at",
    )
    list_filter = ("is_active", Closed, "is_staff", HoldsRole, RoleEnds)
    search_fields = ("username",)
    search_help_text = HELP
    ordering = ("-pk",)
    filter_horizontal = ("groups", "user_permissions")
    readonly_fields = DATES
    inlines = (AddressInline, GrantInline, PastGrantInline)
    actions = (
        *("grant_role", "revoke_role"),
        *("send_password_links", "switch_off", "switch_on", "end_sessions", "close", "reopen"),
    )

    # The list

    def get_list_display(self, request: HttpRequest) -> Any:
        return [name for name in super().get_list_display(request) if name not in absent_names()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        in_force = RoleGrant.objects.in_force().select_related("role").order_by("role__name")
        grants = Prefetch("role_grants", in_force, to_attr="grants_in_force")
        return super().get_queryset(request).prefetch_related(grants)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if search_term.strip():
            queryset = queryset.filter(pk__in=find_users(search_term, using=queryset.db))
        return queryset, False

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        if lookup.partition("__")[0] in HIDDEN:
            return False
        return super().lookup_allowed(lookup, value, request)

    @admin.display(description=_("name"))
    def full_name(self, user: Any) -> str:
        return " ".join(filter(None, (user.first_name, user.last_name)))

    @admin.display(description=_("roles"))
    def role_labels(self, user: Any) -> str:
        return ", ".join(dict.fromkeys(str(grant.role) for grant in user.grants_in_force))

    # Who may

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may = super().has_change_permission(request, obj)
        return may and (obj is None or may_change(request.user, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # Only a superuser gives rights: anybody else could give away more than the own ones.
        rights = () if request.user.is_superuser else RIGHTS
        return (*super().get_readonly_fields(request, obj), *rights, "role_history")

    # The form

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return as_by_session(super().get_object(request, *args, **kwargs), request)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        names = [name for name in ("username", "email", "confirmed") if name not in absent_names()]
        personal = (_("Personal data"), {"fields": list(self.model.PROFILE_FIELDS)})
        if obj is None:
            return [(None, {"fields": names}), personal]
        return [
            (None, {"fields": [*(name for name in names if name == "username"), "is_active"]}),
            personal,
            (_("Rights in the administration"), {"fields": list(RIGHTS), "classes": ["collapse"]}),
            (_("Dates"), {"fields": list(DATES)}),
            *self._history(request, obj),
        ]

    def _history(self, request: HttpRequest, user: Any) -> Any:
        if not request.user.has_perm("useraccounts.view_rolegrant"):
            return []
        links: list[tuple[str, dict[str, Any], Any]] = []
        if path := path_in(self.admin_site, RoleGrant, "changelist"):
            links.append((path, {"user": user.pk}, _("All grants")))
        path = path_in(self.admin_site, AccountEvent, "changelist")
        if path and request.user.has_perm("useraccounts.view_accountevent"):
            asked = {"user": user.pk, "kind__in": ",".join(KINDS)}
            links.append((path, asked, _("All events about roles")))
        shown = ((path, urlencode(asked), text) for path, asked, text in links)
        described = format_html_join(" · ", '<a href="{}?{}">{}</a>', shown)
        fields = {"fields": ["role_history"], "description": described, "classes": ["collapse"]}
        return [(_("What happened to the roles"), fields)]

    @admin.display(description=_("latest"))
    def role_history(self, user: Any) -> str:
        return role_history(user)

    def get_form(
        self,
        request: HttpRequest,
        obj: Any = None,
        change: bool = False,  # noqa: FBT001, FBT002
        **kwargs: Any,
    ) -> Any:
        if not change:
            kwargs["form"] = AddUserForm
        return super().get_form(request, obj, change, **kwargs)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        ours = (AddressInline, GrantInline) if obj is None else ()
        if not has_emails():
            ours = (*ours, AddressInline)
        return [i for i in super().get_inlines(request, obj) if not issubclass(i, ours)]

    # Saving

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        if change:
            self._change(request, obj, form)
        else:
            self._add(request, obj, form)

    def _add(self, request: HttpRequest, obj: Any, form: Any) -> None:
        given = form.cleaned_data
        columns = {field.name for field in obj._meta.concrete_fields} - {"username", "email"}
        user = add_user(
            given.get("username"),
            email=given.get("email"),
            confirmed=given.get("confirmed", False),
            fields={name: value for name, value in given.items() if name in columns},
            by=_by(request),
            request=request,
        )
        obj.pk, obj._state.adding = user.pk, False
        obj.refresh_from_db()

    def _change(self, request: HttpRequest, obj: Any, form: Any) -> None:
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        # As it is stored: the form has changed ``obj``, and flows compare with what was. Of the own
        # account it asks for all flows whether the session has ended.
        user: Any = locked(obj, request=request)
        act: Any = {"by": _by(request), "request": request}
        if "username" in changes:
            change_username(user, changes.pop("username") or "", **act)
        if personal := _pop(changes, user.PROFILE_FIELDS):
            edit_profile(user, personal, **act)
        if rights := _pop(changes, RIGHTS):
            change_rights(user, rights, **act)
        if "is_active" in changes:
            flow = switch_on if changes.pop("is_active") else switch_off
            flow(user, **act)
        own = [field.name for field in obj._meta.concrete_fields if field.name in changes]
        if own:
            obj.save(update_fields=own)

    # The actions

    def has_mail_permission(self, request: HttpRequest) -> bool:
        """Say who may have mails sent to users, where there are any mails."""
        return has_emails() and self.has_change_permission(request)

    @admin.action(permissions=["mail"], description=_("Send a link to set a new password"))
    def send_password_links(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._each(request, queryset, send_password_link)

    @admin.action(permissions=["change"], description=_("Switch off"))
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._each(request, queryset, switch_off)

    @admin.action(permissions=["change"], description=_("Switch on"))
    def switch_on(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._each(request, queryset, switch_on)

    @admin.action(permissions=["change"], description=_("End all sessions"))
    def end_sessions(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._each(request, queryset, end_sessions)

    @admin.action(permissions=["change"], description=_("Close, to be erased"))
    def close(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._each(request, queryset, close_account)

    @admin.action(permissions=["change"], description=_("Open closed accounts again"))
    def reopen(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._each(request, queryset, reopen_account)

    def has_grant_permission(self, request: HttpRequest) -> bool:
        """Say who may give roles; which ones, and to whom, says policy in the flow."""
        return bool(request.user.has_perm("useraccounts.add_rolegrant"))

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Say who may take roles; which ones, and from whom, says policy in the flow."""
        return bool(request.user.has_perm("useraccounts.delete_rolegrant"))

    @admin.action(permissions=["grant"], description=_("Grant a role…"))
    def grant_role(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        form = GrantRoleForm(answers(request), by=_by(request))

        def flow(user: Any, **act: Any) -> None:
            grant_role(user, source="admin", **form.cleaned_data, **act)

        ask = Asked("grant_role", title=_("Grant a role"), form=form)
        return ask_then_act(self, request, queryset, flow, ask=ask, done=_done)

    @admin.action(permissions=["revoke"], description=_("Revoke a role…"))
    def revoke_role(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        form = RevokeRoleForm(answers(request), by=_by(request))

        def flow(user: Any, **act: Any) -> None:
            if not revoke_role(user, **form.cleaned_data, **act):
                raise AccountError(_("This account does not have the role."))

        ask = Asked("revoke_role", title=_("Revoke a role"), form=form)
        return ask_then_act(self, request, queryset, flow, ask=ask, done=_done)

    def _each(
        self, request: HttpRequest, queryset: QuerySet[Any], flow: Callable[..., object]
    ) -> None:
        """Do it to each of the users whose account the visitor may change."""

        def guarded(user: Any, **kwargs: Any) -> None:
            if not self.has_change_permission(request, user):
                raise AccountError(_("You may not change this account."))
            flow(user, **kwargs)

        act_on_each(self, request, queryset, guarded, done=_done)


def _by(request: HttpRequest) -> Any:
    return request.user


def _done(number: int) -> str:
    return ngettext("Done for %(number)d account.", "Done for %(number)d accounts.", number) % {
        "number": number
    }


def _pop(changes: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: changes.pop(name) for name in names if name in changes}
