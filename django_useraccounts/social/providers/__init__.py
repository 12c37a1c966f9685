"""
Who people can log in with: the providers that the settings name.

A provider is one small class; to read it imports nothing of Authlib.
"""

import logging
import re
from collections.abc import Mapping
from inspect import isabstract
from typing import TypeGuard

from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from ..conf import conf
from .base import Begun, Provider
from .oauth2 import OAuth2Provider
from .openid import OpenIDProvider

__all__ = [
    "NAME_MAX_LENGTH",
    "PRESETS",
    "Begun",
    "OAuth2Provider",
    "OpenIDProvider",
    "Provider",
    "all_providers",
    "is_name",
    "provider_class",
    "provider_named",
]

logger = logging.getLogger("django_useraccounts.social")

#: The classes that need no dotted path, by the name that the settings call them.
PRESETS = {
    "google": "django_useraccounts.social.providers.google.Google",
    "facebook": "django_useraccounts.social.providers.facebook.Facebook",
    "github": "django_useraccounts.social.providers.github.GitHub",
    "microsoft": "django_useraccounts.social.providers.microsoft.Microsoft",
    "apple": "django_useraccounts.social.providers.apple.Apple",
    "gitlab": "django_useraccounts.social.providers.gitlab.GitLab",
    "linkedin": "django_useraccounts.social.providers.linkedin.LinkedIn",
    "discord": "django_useraccounts.social.providers.discord.Discord",
}

#: Letters that a name may have: as many as its column.
NAME_MAX_LENGTH = 40
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

_providers: dict[str, Provider] | None = None


def all_providers() -> dict[str, Provider]:
    """
    Return the providers by their names, in the order of the settings.

    What cannot be meant is left out, logged, and told by a system check: for the sake of one key
    that lacks, nobody who logs in by another way is to be kept out.
    """
    global _providers  # noqa: PLW0603
    if _providers is None:
        # Two threads at once make the same thing twice, and harm nothing.
        made = {name: _made_or_logged(name) for name in conf.PROVIDERS}
        _providers = {name: provider for name, provider in made.items() if provider}
    return _providers


def provider_named(name: str) -> Provider:
    """Return a provider; KeyError if there is none, ImproperlyConfigured if it cannot be meant."""
    known = all_providers().get(name)
    return known or _made(name)


def _made(name: str) -> Provider:
    options = conf.PROVIDERS[name]
    return provider_class(name, options)(name, options)


def _made_or_logged(name: str) -> Provider | None:
    try:
        return _made(name)
    except ImproperlyConfigured as error:
        logger.error("Nobody can log in by a provider: %s", error)
        return None


def is_name(name: object) -> TypeGuard[str]:
    """Say whether a name can stand in a URL, and in the column of a connection."""
    return isinstance(name, str) and len(name) <= NAME_MAX_LENGTH and bool(_SLUG.fullmatch(name))


def provider_class(name: object, options: object) -> type[Provider]:
    """Return the class of an entry of the settings, or raise ImproperlyConfigured."""
    if not is_name(name):
        raise ImproperlyConfigured(
            f"The provider “{name}” needs a name like my-provider, of {NAME_MAX_LENGTH} letters at "
            "most."
        )
    if not isinstance(options, Mapping):
        raise ImproperlyConfigured(f"The provider “{name}” is not a dictionary.")
    kind = options.get("PROVIDER", name)
    if kind not in PRESETS and "PROVIDER" not in options and "ISSUER" in options:
        return OpenIDProvider
    return _imported(name, PRESETS.get(str(kind), str(kind)))


def _imported(name: str, path: str) -> type[Provider]:
    try:
        found = import_string(path)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise ImproperlyConfigured(
            f"The provider “{name}” is no preset, and has neither an ISSUER nor the dotted path of "
            f"a class as its PROVIDER."
        ) from error
    if not isinstance(found, type) or not issubclass(found, Provider) or isabstract(found):
        raise ImproperlyConfigured(f"{path} of the provider “{name}” is no Provider.")
    return found


def _forget(*, setting: str, **kwargs: object) -> None:
    global _providers  # noqa: PLW0603
    if setting == "USERACCOUNTS":
        _providers = None


setting_changed.connect(_forget)
