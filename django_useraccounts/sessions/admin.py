"""Sessions in the administration: read, and ended by the flow."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ..admin.acts import act_on_each
from ..admin.records import ReadOnly
from .flows import end_session
from .models import LoginSession


@admin.register(LoginSession)
class LoginSessionAdmin(ReadOnly):
    """Where people are and were logged in."""

    list_display = ("user", "user_agent", "client_address", "started_at", "seen_at", "is_live")
    list_select_related = ("user",)
    fields = (*list_display, "ended_at")
    ordering = ("-seen_at",)
    actions = ("end",)

    @admin.display(description=_("goes on"), boolean=True)
    def is_live(self, session: LoginSession) -> bool:
        is_ended = session.ended_at or session.epoch != session.user.session_epoch
        return not is_ended and not session.is_over(timezone.now())

    def has_end_permission(self, request: HttpRequest) -> bool:
        """Say who may log others out."""
        return bool(request.user.has_perm("useraccounts_sessions.delete_loginsession"))

    @admin.action(permissions=["end"], description=_("End these sessions"))
    def end(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        def done(number: int) -> str:
            return ngettext(
                "%(number)d session was ended.", "%(number)d sessions were ended.", number
            ) % {"number": number}

        act_on_each(self, request, queryset.select_related("user"), end_session, done=done)
