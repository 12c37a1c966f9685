"""System checks: what a project has to set, said before a visitor finds out."""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig, apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import checks
from django.core.checks import CheckMessage, Tags, register
from django.db import connections
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch, Resolver404, resolve
from django.utils.module_loading import import_string

from .backends import AccountsBackend
from .compat import smtp_without_timeout
from .conf import conf, problems
from .limits import DEFAULTS, Rate
from .models import AbstractUser, Role
from .policy import Policy
from .requirements import guarded_names
from .room import rooms

_ARGON2 = "django.contrib.auth.hashers.Argon2PasswordHasher"
_BACKEND = "django_useraccounts.backends.AccountsBackend"
_MIDDLEWARE = (
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
)


@register(Tags.compatibility)
def check_useraccounts(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Run every check that reads settings only."""
    given = list(_settings())
    # What reads conf would stumble over what cannot be meant: first things first.
    return given or [
        *_limits(),
        *_policy(),
        *_parts(),
        *_origin(),
        *_passwords(),
        *_mail(),
        *_login(),
    ]


@register(Tags.database)
def check_role_names(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Report names that guards ask for and no role has; runs with ``check --database default``."""
    table = Role._meta.db_table
    messages: list[CheckMessage] = []
    for alias in databases or ():
        if guarded_names and table in connections[alias].introspection.table_names():
            stored = list(Role.objects.using(alias).values_list("name", flat=True))
            messages += [
                _unknown_role(name, stored) for name in sorted(guarded_names - set(stored))
            ]
    return messages


def _unknown_role(name: str, stored: list[str]) -> CheckMessage:
    close = get_close_matches(name, stored, n=1)
    hint = (
        f'Did you mean "{close[0]}"?' if close else f'Role.objects.create(name="{name}") makes it.'
    )
    return checks.Warning(
        f'A guard asks for the role "{name}", which does not exist: nobody can pass.',
        hint=hint,
        id="useraccounts.W006",
    )


def _settings() -> Iterator[CheckMessage]:
    for problem in problems():
        yield checks.Error(problem.message, hint=problem.hint, id="useraccounts.E001")


def _limits() -> Iterator[CheckMessage]:
    for purpose, rates in conf.LIMITS.items():
        known = DEFAULTS.get(purpose)
        if known is None:
            yield checks.Error(
                f'USERACCOUNTS["LIMITS"] has no purpose "{purpose}".',
                hint=f"Known are: {', '.join(DEFAULTS)}.",
                id="useraccounts.E002",
            )
            continue
        if not isinstance(rates, Mapping):
            yield _limit(purpose, repr(rates), known)
            continue
        for name, rate in rates.items():
            if name not in known or not _is_rate(rate):
                yield _limit(purpose, f"{name!r}: {rate!r}", known)


def _limit(purpose: str, given: str, known: Mapping[str, str]) -> CheckMessage:
    return checks.Error(
        f'USERACCOUNTS["LIMITS"]["{purpose}"] has {given}.',
        hint=f'Write "LIMITS": {{"{purpose}": {dict(known)}}}.',
        id="useraccounts.E002",
    )


def _is_rate(text: object) -> bool:
    try:
        return bool(Rate.parse(str(text)))
    except ValueError:
        return False


def _policy() -> Iterator[CheckMessage]:
    try:
        is_policy = issubclass(import_string(conf.POLICY), Policy)
    except (ImportError, TypeError):
        is_policy = False
    if not is_policy:
        yield checks.Error(
            f'USERACCOUNTS["POLICY"] is "{conf.POLICY}", which is no subclass of Policy.',
            hint="Write the dotted path of a subclass of django_useraccounts.policy.Policy.",
            id="useraccounts.E003",
        )


def _parts() -> Iterator[CheckMessage]:
    if not issubclass(get_user_model(), AbstractUser):
        yield checks.Error(
            f"AUTH_USER_MODEL is {settings.AUTH_USER_MODEL!r}, which is no user of the accounts.",
            hint='Write AUTH_USER_MODEL = "useraccounts.User", or a subclass of '
            "django_useraccounts.models.AbstractUser.",
            id="useraccounts.E004",
        )
    if not any(_is_subclass(path, AccountsBackend) for path in settings.AUTHENTICATION_BACKENDS):
        yield checks.Error(
            "AUTHENTICATION_BACKENDS has no backend of the accounts: nobody can log in by e-mail "
            "address, and logins are not limited.",
            hint=f'Write AUTHENTICATION_BACKENDS = ["{_BACKEND}"], or leave it out.',
            id="useraccounts.E005",
        )
    for path in _MIDDLEWARE:
        if not any(_is_subclass(given, import_string(path)) for given in settings.MIDDLEWARE):
            yield checks.Error(
                f"MIDDLEWARE has no {path.rpartition('.')[2]}.",
                hint=f'Add "{path}" to MIDDLEWARE.',
                id="useraccounts.E006",
            )
    for room in rooms():
        for name in room.needs:
            if not apps.is_installed(name):
                yield checks.Error(
                    f"{room.name} needs {name}.",
                    hint=f'Add "{name}" to INSTALLED_APPS.',
                    id="useraccounts.E008",
                )


def _is_subclass(path: str, parent: type) -> bool:
    try:
        return issubclass(import_string(path), parent)
    except (ImportError, TypeError):
        return False


def _origin() -> Iterator[CheckMessage]:
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


def _passwords() -> Iterator[CheckMessage]:
    first = next(iter(settings.PASSWORD_HASHERS), "")
    if not _is_subclass(first, import_string(_ARGON2)):
        yield checks.Warning(
            "PASSWORD_HASHERS does not begin with Argon2, which withstands guessing best.",
            hint=f'Write PASSWORD_HASHERS = ["{_ARGON2}", …], others after it for old passwords.',
            id="useraccounts.W001",
        )
    if not settings.AUTH_PASSWORD_VALIDATORS:
        yield checks.Warning(
            "AUTH_PASSWORD_VALIDATORS is empty: any password will do, “1” included.",
            hint="Copy the list that startproject writes into settings.py.",
            id="useraccounts.W002",
        )


def _mail() -> Iterator[CheckMessage]:
    if smtp_without_timeout():
        yield checks.Warning(
            "Mail goes out by SMTP without a time limit: a server that is silent holds all mail.",
            hint='Write EMAIL_TIMEOUT = 30, or from Django 6.1 on "timeout": 30 in the OPTIONS of '
            "MAILERS.",
            id="useraccounts.W004",
        )


def _login() -> Iterator[CheckMessage]:
    try:
        resolve(urlsplit(resolve_url(settings.LOGIN_URL)).path)
    except (NoReverseMatch, Resolver404):
        yield checks.Warning(
            f"LOGIN_URL is {settings.LOGIN_URL!r}, where there is no page.",
            hint='Write LOGIN_URL = "useraccounts:login".',
            id="useraccounts.W005",
        )
