"""The room of sessions joins the house."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.core.checks import Tags, register
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ..personal_data import register_personal_data
from ..room import MenuEntry, Room, connect_later, later
from .conf import conf


class SessionsConfig(Room, AppConfig):
    name = "django_useraccounts.sessions"
    label = "useraccounts_sessions"
    verbose_name = _("Where people are logged in")
    default_auto_field = "django.db.models.BigAutoField"
    routes = ("django_useraccounts.sessions.urls",)
    needs = ("django_useraccounts",)
    sentences = {
        "login_disowned": _(
            "By a mailed link, somebody said that a login was not theirs, "
            "and everybody was logged out."
        ),
        "new_login": _("The login came from a browser that was not known before."),
        "other_sessions_ended": _("All other sessions were ended."),
        "session_ended": _("A session was ended."),
    }
    menu = (MenuEntry("sessions", _("Where you are logged in")),)
    samples: Any = MappingProxyType(
        {
            "new_login": ("disown_login", "Firefox on Linux · 203.0.113.7"),
            "login_disowned": ("reset_password", ""),
        }
    )
    conf: Any = conf

    def ready(self) -> None:
        connect_later(user_logged_in, "sessions.flows.record_session")
        connect_later(user_logged_out, "sessions.flows.end_logged_out")
        register(later("sessions.checks.check_sessions"), Tags.compatibility)
        register(later("sessions.checks.check_sessions_deployed"), Tags.security, deploy=True)
        register_personal_data(
            "sessions",
            export=later("sessions.parts.sessions_of"),
            erase=later("sessions.parts.forget_sessions"),
        )

    def lock_out(self, user: Any, *, keep_browser: bool, request: HttpRequest | None) -> None:
        later("sessions.flows.forget_devices")(user, but=request if keep_browser else None)

    def outdated(self) -> Mapping[str, QuerySet[Any]]:
        from .models import LoginSession  # noqa: PLC0415

        return {"login sessions": LoginSession.objects.outdated()}
