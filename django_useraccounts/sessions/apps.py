"""The room of sessions joins the house."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from ..personal_data import register_personal_data
from ..room import MenuEntry, Room
from .conf import conf


class SessionsConfig(Room, AppConfig):
    name = "django_useraccounts.sessions"
    label = "useraccounts_sessions"
    verbose_name = _("Where people are logged in")
    default_auto_field = "django.db.models.BigAutoField"
    routes = ("django_useraccounts.sessions.urls",)
    needs = ("django_useraccounts",)
    menu = (MenuEntry("sessions", _("Where you are logged in")),)
    conf: Any = conf

    def ready(self) -> None:
        # They need the models, which are there only now.
        from ..preview import register_sample  # noqa: PLC0415
        from ..secrets import RESET_PASSWORD  # noqa: PLC0415
        from . import checks  # noqa: F401, PLC0415
        from .flows import end_logged_out, record_session  # noqa: PLC0415
        from .models import DISOWN_LOGIN  # noqa: PLC0415
        from .parts import forget_sessions, sessions_of  # noqa: PLC0415

        user_logged_in.connect(record_session, dispatch_uid="useraccounts_sessions.record_session")
        user_logged_out.connect(end_logged_out, dispatch_uid="useraccounts_sessions.end_logged_out")
        sample = "Firefox on Linux · 203.0.113.7"
        register_sample("new_login", purpose=DISOWN_LOGIN, what=sample)
        register_sample("login_disowned", purpose=RESET_PASSWORD)
        register_personal_data("sessions", export=sessions_of, erase=forget_sessions)

    def lock_out(self, user: Any, *, since_before: datetime | None) -> None:
        from .flows import forget_devices  # noqa: PLC0415

        forget_devices(user, since_before=since_before)

    def outdated(self) -> Mapping[str, QuerySet[Any]]:
        from .models import LoginSession  # noqa: PLC0415

        return {"login sessions": LoginSession.objects.outdated()}
