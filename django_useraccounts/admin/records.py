"""What was done and what was mailed: to be read; a mail may be sent again, and nothing changed."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from ..administration.flows import let_mail_through, send_mail_again
from ..canonical import email_key
from ..models import AccountEvent, OutgoingMail, UndeliverableAddress
from ..sentences import sentence_of
from .acts import act_on_each
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

    list_display = ("at", "what", "whose", "who", "client_address")
    fields = ("at", "kind", "what", "whose", "who", "client_address", "via", "details")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[AccountEvent]:
        # Not joined: events stay when the account is gone, and a join would hide them.
        return super().get_queryset(request).prefetch_related("user", "actor")

    # Translators: head of a column: what happened.
    @admin.display(description=_("what"))
    def what(self, event: AccountEvent) -> str:
        return sentence_of(event)

    @admin.display(description=_("whose account"))
    def whose(self, event: AccountEvent) -> str:
        return _name_of(event.user_id, event, "user")

    @admin.display(description=_("who did it"))
    def who(self, event: AccountEvent) -> str:
        return actor_of(event)


def actor_of(event: AccountEvent) -> str:
    """Return who did it as people read it: a number for who is gone, "" for the site itself."""
    return _name_of(event.actor_id, event, "actor")


def _name_of(key: object, event: AccountEvent, column: str) -> str:
    return "" if key is None else str(getattr(event, column, None) or f"#{key}")


class MailState(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("due", pgettext_lazy("mail", "Waiting")),
            ("sent", pgettext_lazy("mail", "Sent")),
            ("given_up", pgettext_lazy("mail", "Given up")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        states: dict[str, dict[str, Any]] = {
            "due": {"due_at__isnull": False},
            "sent": {"sent_at__isnull": False},
            "given_up": {"due_at": None, "sent_at": None},
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
    actions = ("send_again",)

    def has_send_again_permission(self, request: HttpRequest) -> bool:
        """Say whether the visitor may have mails tried again; that changes none of them."""
        return request.user.has_perm("useraccounts.change_outgoingmail")

    @admin.action(permissions=["send_again"], description=_("Send again"))
    def send_again(self, request: HttpRequest, queryset: QuerySet[OutgoingMail]) -> None:
        def done(number: int) -> str:
            return ngettext(
                "%(number)d mail is on its way again.",
                "%(number)d mails are on their way again.",
                number,
            ) % {"number": number}

        mails = queryset.select_related("user")
        act_on_each(self, request, mails, send_mail_again, done=done)


class TakesNoMail(admin.SimpleListFilter):
    title = _("mail")
    parameter_name = "mail"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("none", _("No mail goes there")), ("some", _("Some mail failed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        none = UndeliverableAddress.objects.taking_no_mail().values("pk")
        if self.value() == "none":
            return queryset.filter(pk__in=none)
        return queryset.exclude(pk__in=none) if self.value() == "some" else queryset


@admin.register(UndeliverableAddress)
class UndeliverableAddressAdmin(ReadOnly):
    """Where mail does not arrive, and why, in the words of the server or provider."""

    list_display = ("email_key", "state", "failures", "reason", "since", "reported_at")
    list_filter = (TakesNoMail,)
    fields = list_display
    ordering = ("-reported_at",)
    search_fields = ("email_key",)
    search_help_text = _("Enter a whole e-mail address.")
    actions = ("let_mail_through",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if search_term.strip():
            queryset = queryset.filter(pk=email_key(search_term))
        return queryset, False

    def has_let_mail_through_permission(self, request: HttpRequest) -> bool:
        """Say whether the visitor may change what is known of an address."""
        return request.user.has_perm("useraccounts.change_undeliverableaddress")

    @admin.action(permissions=["let_mail_through"], description=_("Send mail there again"))
    def let_mail_through(
        self, request: HttpRequest, queryset: QuerySet[UndeliverableAddress]
    ) -> None:
        def done(number: int) -> str:
            return ngettext(
                "Mail goes to %(number)d address again.",
                "Mail goes to %(number)d addresses again.",
                number,
            ) % {"number": number}

        act_on_each(self, request, queryset, let_mail_through, done=done)
