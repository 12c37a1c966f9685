"""Connections in the administration: read, and disconnected by the flow."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ..admin.acts import act_on_each
from ..admin.records import ReadOnly
from .flows import disconnect
from .models import Connection


@admin.register(Connection)
class ConnectionAdmin(ReadOnly):
    """Who comes in by which provider; the tokens that a site has kept stay hidden."""

    list_display = ("user", "provider", "label", "connected_at")
    list_select_related = ("user",)
    fields = (*list_display, "issuer", "subject")
    ordering = ("-pk",)
    actions = ("disconnect",)

    def has_disconnect_permission(self, request: HttpRequest) -> bool:
        """Say who may take a way in from others."""
        return bool(request.user.has_perm("useraccounts_social.delete_connection"))

    @admin.action(
        permissions=["disconnect"], description=_("Disconnect, and end the sessions of the users")
    )
    def disconnect(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        def done(number: int) -> str:
            return ngettext(
                "%(number)d login was disconnected.",
                "%(number)d logins were disconnected.",
                number,
            ) % {"number": number}

        act_on_each(self, request, queryset.select_related("user"), disconnect, done=done)
