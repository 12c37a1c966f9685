"""System checks of the room: what a provider needs, said before somebody clicks its button."""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig, apps
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise

from ..conf import conf as core
from ..outside.addresses import is_loopback, is_safe
from .conf import conf
from .providers import (
    NAME_MAX_LENGTH,
    PRESETS,
    OpenIDProvider,
    Provider,
    is_name,
    provider_class,
)

_LIBRARIES = ("authlib", "joserfc", "requests")
#: What can stand after the "@" of an address.
_DOMAIN = re.compile(r"[\w-]+(\.[\w-]+)+")
#: Of what kind the values of an option are, and that in words.
_KINDS: dict[str, tuple[type[Any] | tuple[type[Any], ...], str]] = {
    **dict.fromkeys(
        ("CLIENT_ID", "CLIENT_SECRET", "ISSUER", "TENANT", "TEAM_ID", "KEY_ID", "PRIVATE_KEY"),
        (str, "a string"),
    ),
    "LABEL": ((str, Promise), "a string"),
    "KEEP_TOKENS": (bool, "True or False"),
}
#: Why an option that others have is none here.
_REASONS = {
    "DOMAINS": "The word of {label} on an address is never proof.",
    "ISSUER": "The issuer of {label} is always the same.",
    "CLIENT_SECRET": "The secret of {label} is signed anew for each login.",
}
_COOKIES = "django.contrib.sessions.backends.signed_cookies"


def check_social(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Run every check that reads the settings of the room."""
    if not _is_used():
        return []
    return [*_library(), *_providers(), *_callback(), *_session()]


def check_social_deployed(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Run every check of what weakens a site in production."""
    return [*_callback_behind_a_proxy(), *_trust()] if _is_used() else []


def _is_used() -> bool:
    # What is no dictionary is told by the check of names and types.
    given: object = conf.PROVIDERS
    return isinstance(given, Mapping) and bool(given)


def _library() -> Iterator[CheckMessage]:
    missing = [name for name in _LIBRARIES if find_spec(name) is None]
    if missing:
        yield checks.Error(
            f"People are to log in by a provider, and {', '.join(missing)} is not installed.",
            hint='Install it: pip install "django_useraccounts[social]".',
            id="useraccounts_social.E001",
        )


def _providers() -> Iterator[CheckMessage]:
    made: dict[tuple[type[Provider], str, str], str] = {}
    for name, options in conf.PROVIDERS.items():
        found = list(_entry(name, options))
        yield from found
        if found:
            continue
        provider = provider_class(name, options)(name, options)
        twin = made.setdefault(
            (type(provider), provider.issuer, str(options.get("CLIENT_ID"))), name
        )
        if twin != name:
            yield checks.Error(
                f"{_where(name)} is the same client of the same provider as {_where(twin)}: one "
                "identity would come by two buttons.",
                hint="Take one of them out.",
                id="useraccounts_social.E007",
            )
        yield from _weaknesses(provider)


def _entry(name: object, options: object) -> Iterator[CheckMessage]:
    """Yield why an entry of PROVIDERS makes no provider."""
    if not is_name(name):
        yield _error(
            "E002",
            f'USERACCOUNTS["SOCIAL"]["PROVIDERS"] has the name {name!r}, which is to stand in '
            "URLs, and in a column.",
            f"Write at most {NAME_MAX_LENGTH} small letters, digits and hyphens, like "
            '"my-provider".',
        )
    elif not isinstance(options, Mapping):
        yield _error(
            "E002",
            f"{_where(name)} is no dictionary.",
            f'Write "{name}": {{"CLIENT_ID": "…", "CLIENT_SECRET": "…"}}.',
        )
    else:
        yield from _options(name, options)


def _options(name: str, options: Mapping[str, object]) -> Iterator[CheckMessage]:
    try:
        kind = provider_class(name, options)
    except ImproperlyConfigured as error:
        meant = get_close_matches(str(options.get("PROVIDER", name)), PRESETS, n=1)
        yield _error(
            "E003",
            str(error),
            f'Did you mean "{meant[0]}"?'
            if meant
            else f"Presets are: {', '.join(PRESETS)}. Any other needs an ISSUER, or a PROVIDER.",
        )
        return
    found = [*_missing(name, options, kind), *_unknown(name, options, kind)]
    yield from found
    if not found:
        yield from _values(name, options, kind)


def _missing(
    name: str, options: Mapping[str, object], kind: type[Provider]
) -> Iterator[CheckMessage]:
    lacking = [option for option in kind.needs if not options.get(option)]
    if lacking:
        yield _error(
            "E004",
            f"{_where(name)} has no {', '.join(lacking)}.",
            "Add it. Where it comes from an environment, look whether that is set.",
        )


def _unknown(
    name: str, options: Mapping[str, object], kind: type[Provider]
) -> Iterator[CheckMessage]:
    known = kind.known_options()
    for option in options:
        if option in known:
            continue
        reason = _REASONS.get(str(option))
        close = get_close_matches(str(option).upper(), known, n=1)
        if reason:
            told = reason.format(label=kind.label or kind.__name__)
            hint = f'Take "{option}" out.'
        else:
            told = "There is no such option."
            hint = f'Did you mean "{close[0]}"?' if close else f"Known are: {', '.join(known)}."
        yield _error("E005", f'{_where(name)} has "{option}". {told}', hint)


def _values(
    name: str, options: Mapping[str, object], kind: type[Provider]
) -> Iterator[CheckMessage]:
    wrong = [option for option in options if not _fits(option, options[option])]
    for option in wrong:
        yield _error(
            "E006",
            f'{_where(name)}["{option}"] is a {type(options[option]).__name__}.',
            f"It has to be {_KINDS[option][1]}.",
        )
    if wrong:
        return
    try:
        provider = kind(name, options)
    except ImproperlyConfigured as error:
        yield _error("E006", str(error), "See docs/providers.rst for what it has to be.")
        return
    yield from _issuer(provider)
    yield from _texts(provider)


def _texts(provider: Provider) -> Iterator[CheckMessage]:
    if isinstance(provider, OpenIDProvider) and "openid" not in provider.scopes:
        yield _error(
            "E006",
            f'{_where(provider.name)}["SCOPES"] has no "openid": there would be no ID token, and '
            "nobody logged in.",
            'Add "openid".',
        )
    for domain in provider.domains:
        if domain != "*" and not _DOMAIN.fullmatch(domain):
            yield _error(
                "E006",
                f'{_where(provider.name)}["DOMAINS"] has "{domain}", which is no domain.',
                'Write what stands after the "@", like "guild.example", or "*" for all.',
            )


def _fits(option: str, value: object) -> bool:
    return option not in _KINDS or isinstance(value, _KINDS[option][0])


def _issuer(provider: Provider) -> Iterator[CheckMessage]:
    issuer = provider.issuer
    is_plain = issuer.lower().startswith("http://")
    if not is_safe(f"https{issuer[4:]}" if is_plain else issuer, may_be_loopback=False):
        yield _error(
            "E006",
            f'The ISSUER of {_where(provider.name)} is "{issuer}".',
            'Write what the provider\'s own metadata call it, like "https://id.example.com".',
        )
    elif is_plain and not is_loopback(issuer):
        yield _error(
            "E008",
            f'The ISSUER of {_where(provider.name)} is "{issuer}": whoever stands on the way can '
            "say who logs in.",
            f'Write "https{issuer[4:]}".',
        )


def _weaknesses(provider: Provider) -> Iterator[CheckMessage]:
    """Yield what a provider cannot do, or does only while somebody develops."""
    if is_loopback(provider.issuer) and not settings.DEBUG:
        yield checks.Warning(
            f"The ISSUER of {_where(provider.name)} is on this machine itself, and DEBUG is off.",
            hint="Write the address by which browsers reach it, with https.",
            id="useraccounts_social.W001",
        )
    has_nonce = isinstance(provider, OpenIDProvider) and provider.uses_nonce
    if not provider.uses_pkce and not has_nonce:
        yield checks.Warning(
            f"{provider.label} knows neither PKCE nor a nonce: who gets hold of the code of "
            "somebody else, before it is used, can log in as that person.",
            hint='If you accept that, write SILENCED_SYSTEM_CHECKS = ["useraccounts_social.W003"].',
            id="useraccounts_social.W003",
        )


def _callback() -> Iterator[CheckMessage]:
    origin = core.ORIGIN or ""
    if origin.lower().startswith("http://") and not settings.DEBUG and not is_loopback(origin):
        yield _error(
            "E009",
            f'USERACCOUNTS["ORIGIN"] is "{origin}": providers would send people back without '
            "https, and most refuse to.",
            f'Write "ORIGIN": "https://{urlsplit(origin).netloc}".',
        )


def _callback_behind_a_proxy() -> Iterator[CheckMessage]:
    is_known = core.ORIGIN or settings.SECURE_SSL_REDIRECT or settings.SECURE_PROXY_SSL_HEADER
    if not is_known and not apps.is_installed("django.contrib.sites"):
        yield checks.Warning(
            "USERACCOUNTS has no ORIGIN, so that the request says where providers send people "
            "back to: behind a proxy that is http, which they refuse.",
            hint='Write USERACCOUNTS = {"ORIGIN": "https://example.com"}.',
            id="useraccounts_social.W004",
        )


def _trust() -> Iterator[CheckMessage]:
    """Yield where the word of a provider counts for more than by default."""
    if conf.CONNECT_BY_EMAIL:
        yield checks.Warning(
            'USERACCOUNTS["SOCIAL"] has "CONNECT_BY_EMAIL": True: who has an address at a provider '
            "comes into the account that has it here, without a proof of that account.",
            hint="Silence this check if each account may be as safe as the provider; or leave it "
            "out.",
            id="useraccounts_social.W005",
        )
    for name, options in conf.PROVIDERS.items():
        domains = options.get("DOMAINS") if isinstance(options, Mapping) else None
        # What is neither cannot be meant, which is told by the check of all providers.
        if isinstance(domains, tuple | list) and "*" in domains:
            yield checks.Warning(
                f'{_where(name)}["DOMAINS"] has "*": whatever address the provider says that '
                "somebody has counts as confirmed.",
                hint='Write the domains whose mail the provider runs, like "guild.example".',
                id="useraccounts_social.W006",
            )


def _session() -> Iterator[CheckMessage]:
    if str(settings.SESSION_COOKIE_SAMESITE).lower() == "strict":
        yield _error(
            "E010",
            'SESSION_COOKIE_SAMESITE is "Strict": who comes back from a provider comes without '
            "the session in which the login was begun.",
            'Write SESSION_COOKIE_SAMESITE = "Lax", which is the default.',
        )
    if settings.SESSION_ENGINE == _COOKIES:
        yield checks.Warning(
            "SESSION_ENGINE keeps sessions in signed cookies: what binds a login to its browser "
            "can be read there, and an old cookie brings back what was used up.",
            hint='Write SESSION_ENGINE = "django.contrib.sessions.backends.db".',
            id="useraccounts_social.W002",
        )


def _where(name: str) -> str:
    return f'USERACCOUNTS["SOCIAL"]["PROVIDERS"]["{name}"]'


def _error(number: str, message: str, hint: str) -> CheckMessage:
    return checks.Error(message, hint=hint, id=f"useraccounts_social.{number}")
