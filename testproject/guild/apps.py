"""The guild as a Django app."""

from importlib.util import find_spec

from django.apps import AppConfig
from django.conf import settings
from django.contrib.auth.password_validation import get_default_password_validators
from django.core.signals import setting_changed


class GuildConfig(AppConfig):
    name = "testproject.guild"
    verbose_name = "The Artists' Guild"

    def ready(self) -> None:
        till = getattr(settings, "TILL", "")
        # A real site would tell its key to whoever listens there.
        if till and settings.DEBUG and find_spec("stripe"):
            lead_to_till(till)


def lead_to_provider(url: str) -> None:
    """Have the accounts ask the provider of the guild at this address."""
    settings.USERACCOUNTS["SOCIAL"]["PROVIDERS"]["guild"]["ISSUER"] = url
    # What the accounts have read of their settings, they read again.
    setting_changed.send(
        GuildConfig, setting="USERACCOUNTS", value=settings.USERACCOUNTS, enter=True
    )


def lead_to_leaks(url: str) -> None:
    """Have passwords looked for in the short list of the guild, unless the real one is asked."""
    options = settings.BREACHED["OPTIONS"]
    if "url" in options:
        options["url"] = url
        get_default_password_validators.cache_clear()


def lead_to_till(url: str) -> None:
    """Have the library of Stripe ask the till of the guild, and never the real one."""
    import stripe

    stripe.api_base = url
