"""The room of logins by a provider joins the house."""

from types import MappingProxyType
from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.core.checks import Tags, register
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ..personal_data import register_personal_data
from ..room import MenuEntry, Room, connect_later, later
from .conf import conf


class SocialConfig(Room, AppConfig):
    name = "django_useraccounts.social"
    label = "useraccounts_social"
    verbose_name = _("Logins with a provider")
    default_auto_field = "django.db.models.BigAutoField"
    routes = ("django_useraccounts.social.urls",)
    needs = ("django_useraccounts",)
    menu = (MenuEntry("connections", _("Ways to log in"), lambda _user: bool(conf.PROVIDERS)),)
    sentences = {
        "provider_connected": _("The login “%(called)s” at %(source)s was connected."),
        "provider_disconnected": _("The login “%(called)s” at %(source)s was disconnected."),
        "social_login_refused": _("Somebody came back from %(source)s and was not let in."),
    }
    tried_by_strangers = ("social_login_refused",)
    samples: Any = MappingProxyType(
        {
            kind: (kind, "GitHub (frida-kahlo)")
            for kind in ("connect_by_link", "provider_connected", "provider_disconnected")
        }
    )
    ways_in = "useraccounts/social/ways_in.html"
    conf: Any = conf

    def ready(self) -> None:
        connect_later(user_logged_in, "social.attempts.forget_arrival")
        register(later("social.checks.check_social"), Tags.compatibility)
        register(later("social.checks.check_social_deployed"), Tags.security, deploy=True)
        register_personal_data(
            "connections",
            export=later("social.parts.connections_of"),
            erase=later("social.parts.forget_connections"),
        )

    def lets_in(self, user: Any) -> bool:
        from .models import Connection  # noqa: PLC0415

        # Also by a provider that cannot be asked while a key of it lacks: a stranger's comes back.
        return Connection.objects.of(user).filter(provider__in=list(conf.PROVIDERS)).exists()

    def lock_out(self, user: Any, *, keep_browser: bool, request: HttpRequest | None) -> None:
        later("social.flows.drop_connections")(user, request=request)
