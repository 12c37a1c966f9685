"""Invitations in the administration: read, made by the flow, sent again and withdrawn."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from ..admin.acts import act_on_each
from ..admin.bases import RefusableAdmin, RefusableForm
from ..admin.search import HELP, MOST, OWNERS, begins, find_users
from ..canonical import email_key
from ..identity import has_emails
from .flows import invite, resend_invitation, withdraw_invitation
from .forms import InvitationFields
from .models import Invitation

#: How many of those who have accepted a page names.
SHOWN = 50


class AddInvitationForm(InvitationFields, RefusableForm):
    """What the page to invite asks, too; the flow says what cannot be."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer_roles()

    def _post_clean(self) -> None:
        """Leave the instance as it is: the flow makes the invitation."""


STATES = {
    "waiting": pgettext_lazy("invitation", "Waiting"),
    "accepted": pgettext_lazy("invitation", "Accepted"),
    "withdrawn": pgettext_lazy("invitation", "Withdrawn"),
    "expired": pgettext_lazy("invitation", "Expired"),
    "ended": pgettext_lazy("invitation", "No longer valid"),
}


class State(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(STATES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        unused = Invitation.objects.unused()
        has_link = unused.filter(link__redeemed_at=None)
        states = {
            "waiting": has_link & Invitation.objects.waiting(),
            "accepted": Invitation.objects.filter(withdrawn_at=None, uses__gte=F("uses_allowed")),
            "withdrawn": Invitation.objects.filter(withdrawn_at__isnull=False),
            "expired": has_link.filter(expires_at__lte=timezone.now()),
            "ended": unused.filter(link__redeemed_at__isnull=False),
        }
        rows = states.get(self.value() or "")
        return queryset if rows is None else queryset & rows


@admin.register(Invitation)
class InvitationAdmin(RefusableAdmin):
    """Who has invited whom. No invitation is changed: it is withdrawn, and another one made."""

    list_display = ("created_at", "whom", "invited_by", "state", "uses", "uses_allowed")
    list_filter = (State,)
    list_select_related = ("invited_by", "link")
    search_fields = ("email",)
    search_help_text = HELP
    ordering = ("-pk",)
    actions = ("resend", "withdraw")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is not None:
            return (*self.list_display, "expires_at", "withdrawn_at", "role_names", "note", "who")
        names = ("email", "uses", "roles", "note", "days")
        return [name for name in names if name != "email" or has_emails()]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        text = search_term.strip()
        if text:
            queryset = queryset.filter(pk__in=_found(text, using=queryset.db))
        return queryset, False

    @admin.display(description=_("whom"))
    def whom(self, invitation: Invitation) -> str:
        return invitation.shown_email or str(_("who has the link"))

    @admin.display(description=_("state"))
    def state(self, invitation: Invitation) -> str:
        return str(STATES[invitation.state])

    @admin.display(description=_("roles"))
    def role_names(self, invitation: Invitation) -> str:
        return ", ".join(role.name for role in invitation.roles.all())

    @admin.display(description=_("accepted by"))
    def who(self, invitation: Invitation) -> str:
        uses = invitation.accepted.select_related("user").order_by("pk")[:SHOWN]
        return ", ".join(str(use.user) for use in uses)

    # Who may

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_manage_permission(self, request: HttpRequest) -> bool:
        """Say who may send again and withdraw what others have made."""
        return bool(request.user.has_perm("useraccounts_invitations.change_invitation"))

    # Saving

    def get_form(
        self,
        request: HttpRequest,
        obj: Any = None,
        change: bool = False,  # noqa: FBT001, FBT002
        **kwargs: Any,
    ) -> Any:
        if obj is not None:
            return super().get_form(request, obj, change, **kwargs)
        form: Any = super().get_form(request, obj, change, **{**kwargs, "form": AddInvitationForm})
        form.inviter = request.user
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        by: Any = request.user
        invitation = invite(by=by, request=request, **form.as_wanted())
        obj.pk, obj._state.adding = invitation.pk, False
        obj.refresh_from_db()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        """Leave the roles to the flow, which has written them."""

    # The actions

    @admin.action(permissions=["manage"], description=_("Send again"))
    def resend(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        self._each(request, queryset, resend_invitation)

    @admin.action(permissions=["manage"], description=_("Withdraw"))
    def withdraw(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        self._each(request, queryset, withdraw_invitation)

    def _each(
        self, request: HttpRequest, queryset: QuerySet[Invitation], flow: Callable[..., object]
    ) -> None:
        def done(number: int) -> str:
            return ngettext(
                "Done for %(number)d invitation.", "Done for %(number)d invitations.", number
            ) % {"number": number}

        act_on_each(self, request, queryset, flow, done=done)


def _found(text: str, *, using: str) -> set[int]:
    """Return the keys of the invitations by whom, or to where, a text names: each by its index."""
    rows = Invitation.objects.using(using).values_list("pk", flat=True)
    found = set(rows.filter(invited_by__in=find_users(text, using=using, most=OWNERS))[:MOST])
    for start in {text.lower(), email_key(text)} - {""}:
        if start.isascii() and "\0" not in start:
            found.update(rows.filter(begins("email_key", start, using=using))[:MOST])
    return found
