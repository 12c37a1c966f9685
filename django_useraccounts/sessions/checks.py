"""System checks of the room: what lets an ended session go on, said before somebody finds out."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.core import checks
from django.core.checks import CheckMessage
from django.utils.module_loading import import_string

from ..identity import has_emails
from .agents import is_readable
from .conf import conf
from .middleware import SessionsMiddleware

_OURS = "django_useraccounts.sessions.middleware.SessionsMiddleware"
_AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
#: The most that is no weakening, by the setting, and the number of its check: unused, as long as
#: NIST has any session last (SP 800-63B-4, 2.1.3); used, as long as Django's, useraccounts.W033.
_LONGEST = (
    ("IDLE_MAX_AGE", timedelta(days=30), "W003", "nobody uses"),
    ("MAX_AGE", timedelta(days=90), "W002", "is used"),
)
_COOKIES = "django.contrib.sessions.backends.signed_cookies"


def check_sessions(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Run every check of the room."""
    return [*_middleware(), *_engine(), *_ages(), *_library()]


def check_sessions_deployed(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Run every check of what weakens a site in production."""
    # What is no timedelta is told by the check of names and types.
    ages: tuple[object, ...] = (conf.IDLE_MAX_AGE, conf.MAX_AGE)
    are_ages = all(isinstance(age, timedelta) for age in ages)
    return [*(_long_ages() if are_ages else ()), *_untold()]


def _long_ages() -> Iterator[CheckMessage]:
    for name, longest, number, which in _LONGEST:
        age = getattr(conf, name)
        if age > longest:
            yield checks.Warning(
                f'USERACCOUNTS["SESSIONS"]["{name}"] is {age}: a stolen session that {which} goes '
                "on for that long.",
                hint=f"Make it {longest} at most, or leave it out.",
                id=f"useraccounts_sessions.{number}",
            )


def _untold() -> Iterator[CheckMessage]:
    if has_emails() and not conf.TELL_NEW_DEVICE:
        yield checks.Warning(
            'USERACCOUNTS["SESSIONS"] has "TELL_NEW_DEVICE": False: people are not told when '
            "somebody else logs in to their accounts.",
            hint='Write "TELL_NEW_DEVICE": True, or leave it out.',
            id="useraccounts_sessions.W004",
        )


def _middleware() -> Iterator[CheckMessage]:
    ours, before = _position(SessionsMiddleware), _position(AuthenticationMiddleware)
    if before is None:
        return  # told by the check of the accounts
    if ours is None:
        yield checks.Error(
            "MIDDLEWARE has no SessionsMiddleware: a session that was ended goes on.",
            hint=f'Add "{_OURS}" right after "{settings.MIDDLEWARE[before]}".',
            id="useraccounts_sessions.E001",
        )
    elif ours != before + 1:
        yield checks.Error(
            "MIDDLEWARE does not have SessionsMiddleware right after AuthenticationMiddleware: "
            "what stands between sees the user of a session that was ended.",
            hint=f'Move "{_OURS}" right after "{settings.MIDDLEWARE[before]}".',
            id="useraccounts_sessions.E002",
        )


def _position(parent: type) -> int | None:
    """Return where a middleware, or a subclass of it, stands first."""
    found = (import_string(path) for path in settings.MIDDLEWARE)
    are = (isinstance(kind, type) and issubclass(kind, parent) for kind in found)
    return next((number for number, is_it in enumerate(are) if is_it), None)


def _engine() -> Iterator[CheckMessage]:
    if settings.SESSION_ENGINE == _COOKIES:
        yield checks.Error(
            "SESSION_ENGINE keeps sessions in cookies: a copy of a cookie from before brings back "
            "what has ended since.",
            hint='Write SESSION_ENGINE = "django.contrib.sessions.backends.cached_db".',
            id="useraccounts_sessions.E003",
        )


def _ages() -> Iterator[CheckMessage]:
    # What is no timedelta is told by the check of names and types.
    ages: tuple[object, ...] = (conf.IDLE_MAX_AGE, conf.MAX_AGE)
    if not all(isinstance(age, timedelta) for age in ages):
        return
    if conf.IDLE_MAX_AGE < timedelta(minutes=1):
        yield checks.Error(
            f'USERACCOUNTS["SESSIONS"]["IDLE_MAX_AGE"] is {conf.IDLE_MAX_AGE}: people would be '
            "logged out while they read a page.",
            hint="Write at least timedelta(minutes=1).",
            id="useraccounts_sessions.E004",
        )
    if conf.MAX_AGE < conf.IDLE_MAX_AGE:
        yield checks.Error(
            f'USERACCOUNTS["SESSIONS"]["MAX_AGE"] is {conf.MAX_AGE}, shorter than IDLE_MAX_AGE, '
            f"{conf.IDLE_MAX_AGE}.",
            hint="Write a MAX_AGE that is longer, or a shorter IDLE_MAX_AGE.",
            id="useraccounts_sessions.E005",
        )


def _library() -> Iterator[CheckMessage]:
    if not is_readable():
        yield checks.Warning(
            "ua-parser is not installed: people read “Unknown browser” wherever they are logged "
            "in.",
            hint='Install it: pip install "django_useraccounts[sessions]".',
            id="useraccounts_sessions.W001",
        )
