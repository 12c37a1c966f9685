"""What the settings of the site mean for people: links, passwords, mail, the way to the login."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.contrib.auth.password_validation import get_default_password_validators
from django.contrib.auth.views import LoginView, PasswordChangeView, PasswordResetView
from django.core import checks
from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.shortcuts import resolve_url
from django.urls import (
    NoReverseMatch,
    Resolver404,
    ResolverMatch,
    get_script_prefix,
    resolve,
)
from django.utils.module_loading import import_string

from ..compat import smtp_options
from ..conf import conf
from .parts import is_subclass

_STOCK = (LoginView, PasswordChangeView, PasswordResetView)
_ARGON2 = "django.contrib.auth.hashers.Argon2PasswordHasher"


def origin() -> Iterator[CheckMessage]:
    """Yield why mailed links could lead elsewhere."""
    if conf.ORIGIN is None:
        if "*" in settings.ALLOWED_HOSTS and not apps.is_installed("django.contrib.sites"):
            yield checks.Warning(
                'ALLOWED_HOSTS has "*" and USERACCOUNTS has no ORIGIN: a forged Host header '
                "chooses where mailed links lead.",
                hint='Write USERACCOUNTS = {"ORIGIN": "https://example.com"}.',
                id="useraccounts.W003",
            )
        return
    host = r"[\w.-]+|\[[\da-f:.]+\]"
    match = re.fullmatch(rf"(https?)://((?:{host})(?::\d{{1,5}})?)/?", conf.ORIGIN, re.IGNORECASE)
    if not match:
        yield checks.Error(
            f'USERACCOUNTS["ORIGIN"] is "{conf.ORIGIN}".',
            hint='Write scheme and host only, like "https://example.com".',
            id="useraccounts.E007",
        )
    elif match[1].lower() == "http" and settings.SECURE_SSL_REDIRECT:
        yield checks.Warning(
            "SECURE_SSL_REDIRECT sends people to https, and mailed links lead to http.",
            hint=f'Write USERACCOUNTS = {{"ORIGIN": "https://{match[2]}"}}.',
            id="useraccounts.W007",
        )


def passwords() -> Iterator[CheckMessage]:
    """Yield what makes passwords easy to guess."""
    first = next(iter(settings.PASSWORD_HASHERS), "")
    if not is_subclass(first, import_string(_ARGON2)):
        yield checks.Warning(
            "PASSWORD_HASHERS does not begin with Argon2, which withstands guessing best.",
            hint=f'Write PASSWORD_HASHERS = ["{_ARGON2}", …], others after it for old passwords.',
            id="useraccounts.W001",
        )
    try:
        get_default_password_validators()
    except (ImproperlyConfigured, TypeError) as error:
        yield checks.Error(
            f"AUTH_PASSWORD_VALIDATORS cannot be used, so nobody can set a password. {error}",
            hint="Mend or take out the validator that this is about.",
            id="useraccounts.E022",
        )
    if not settings.AUTH_PASSWORD_VALIDATORS:
        yield checks.Warning(
            "AUTH_PASSWORD_VALIDATORS is empty: any password will do, “1” included.",
            hint="Copy the list that startproject writes into settings.py.",
            id="useraccounts.W002",
        )


def mail() -> Iterator[CheckMessage]:
    """Yield what could hold all mail."""
    smtp = smtp_options()
    if smtp is not None and not smtp.get("timeout"):
        yield checks.Warning(
            "Mail goes out by SMTP without a time limit: a server that is silent holds all mail.",
            hint='Write EMAIL_TIMEOUT = 30, or from Django 6.1 on "timeout": 30 in the OPTIONS of '
            "MAILERS.",
            id="useraccounts.W004",
        )


def login() -> Iterator[CheckMessage]:
    """Yield that people are led nowhere to log in, or by a login."""
    pages = {"LOGIN_URL": "useraccounts:login", "LOGIN_REDIRECT_URL": "useraccounts:profile"}
    for name, ours in pages.items():
        url = getattr(settings, name)
        try:
            _resolve(url)
        except (NoReverseMatch, Resolver404):
            yield checks.Warning(
                f"{name} is {url!r}, where there is no page.",
                hint=f'Write {name} = "{ours}".',
                id="useraccounts.W005",
            )


def stock_pages() -> Iterator[CheckMessage]:
    """Yield the pages of Django that were not taken out when ours came, and where they are."""
    seen = set()
    for name in ("useraccounts:login", "login", "password_change", "password_reset"):
        try:
            path, page = resolve_url(name), _resolve(name)
        except (NoReverseMatch, Resolver404):
            continue
        view = getattr(page and page.func, "view_class", object)
        if issubclass(view, _STOCK) and path not in seen:
            seen.add(path)
            yield checks.Warning(
                f"{path} is answered by {view.__module__}.{view.__qualname__}, which knows nothing "
                "of the accounts, their limits, mails and history.",
                hint='Take include("django.contrib.auth.urls"), and what else leads there, out of '
                "the URLs.",
                id="useraccounts.W017",
            )


def _resolve(url: Any) -> ResolverMatch | None:
    """Return what answers at a name or a path; of another site nobody knows."""
    parts = urlsplit(resolve_url(url))
    return None if parts.netloc else resolve("/" + parts.path.removeprefix(get_script_prefix()))
