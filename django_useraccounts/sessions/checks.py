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

from .agents import is_readable
from .conf import conf
from .middleware import SessionsMiddleware

_OURS = "django_useraccounts.sessions.middleware.SessionsMiddleware"
_AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
#: As long as Django's sessions may be, see useraccounts.W033.
_LONGEST = timedelta(days=90)
_COOKIES = "django.contrib.sessions.backends.signed_cookies"


def check_sessions(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Run every check of the room."""
    return [*_middleware(), *_engine(), *_ages(), *_library()]


def check_sessions_deployed(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Run the check of what weakens a site in production."""
    # What is no timedelta is told by the check of names and types.
    age: object = conf.MAX_AGE
    if isinstance(age, timedelta) and age > _LONGEST:
        text = (
            f'USERACCOUNTS["SESSIONS"]["MAX_AGE"] is {conf.MAX_AGE}: a stolen session that is used '
            "goes on for that long."
        )
        hint = f"Make it {_LONGEST} at most, or leave it out."
        return [checks.Warning(text, hint=hint, id="useraccounts_sessions.W002")]
    return []


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
