"""What was done and what was mailed: to be read, never to be changed."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ..models import AccountEvent, OutgoingMail
from .search import SearchByUser


class ReadOnly(SearchByUser):
    """Rows that nobody adds, changes or deletes here, be it one by one, in bulk or by cascade."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(AccountEvent)
class AccountEventAdmin(ReadOnly):
    """The audit trail. No filters: to list the kinds of millions of rows is to read them all."""

    list_display = ("at", "kind", "whose", "who", "client_address")
    fields = (*list_display, "details")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[AccountEvent]:
        # Not joined: events stay when the account is gone, and a join would hide them.
        return super().get_queryset(request).prefetch_related("user", "actor")

    @admin.display(description=_("whose account"))
    def whose(self, event: AccountEvent) -> str:
        return str(getattr(event, "user", None) or f"#{event.user_id}")

    @admin.display(description=_("who did it"))
    def who(self, event: AccountEvent) -> str:
        if event.actor_id is None:
            return ""
        return str(getattr(event, "actor", None) or f"#{event.actor_id}")


class MailState(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("due", _("Waiting")), ("sent", _("Sent")), ("given_up", _("Given up"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        states = {
            "due": {"due_at__isnull": False},
            "sent": {"sent_at__isnull": False},
            "given_up": {"due_at__isnull": True, "sent_at__isnull": True},
        }
        return queryset.filter(**states.get(self.value() or "", {}))


@admin.register(OutgoingMail)
class OutgoingMailAdmin(ReadOnly):
    """The outbox: what went to whom, and what is in the way; the row of its link stays hidden."""

    list_display = ("created_at", "kind", "to", "user", "sent_at", "attempts", "error")
    list_filter = (MailState,)
    list_select_related = ("user",)
    fields = (*list_display, "due_at", "language")
    ordering = ("-pk",)
