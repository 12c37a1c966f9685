"""What people are called here: settings, and a user model, that contradict each other."""

from collections.abc import Iterator

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage

from ..conf import conf
from ..identity import has_username_column, has_usernames

_ABOUT_EMAILS = {
    "CONFIRM_EMAIL_BEFORE_LOGIN",
    "EMAILS_PER_USER",
    "LINK_MAX_AGE",
    "UNCONFIRMED_MAX_AGE",
}


def contradictions() -> Iterator[CheckMessage]:
    """Yield the settings with which somebody could not log in, or that ask for what nobody has."""
    given = getattr(settings, "USERACCOUNTS", {})
    if conf.EMAIL == "off" and not has_usernames():
        yield _error(
            "People have neither usernames nor e-mail addresses.",
            'Leave out "EMAIL": "off", or give them usernames.',
        )
    elif conf.EMAIL == "off" and conf.USERNAME == "optional":
        yield _error(
            'USERACCOUNTS["USERNAME"] is "optional", and there are no addresses to be called by.',
            'Write "USERNAME": "required", or leave out "EMAIL": "off".',
        )
    if not has_username_column() and given.get("USERNAME", "off") != "off":
        yield _error(
            f'USERACCOUNTS["USERNAME"] is "{conf.USERNAME}", and {settings.AUTH_USER_MODEL} has no '
            "column for it.",
            'Leave "USERNAME" out, or inherit AbstractUser.',
        )
    yield from _login_by()
    if conf.EMAIL == "off":
        yield from _about_emails(given)


def _login_by() -> Iterator[CheckMessage]:
    if conf.LOGIN_BY == "email" and conf.EMAIL == "off":
        yield _error(
            'USERACCOUNTS["LOGIN_BY"] is "email", and nobody has an address.',
            'Leave out "LOGIN_BY", or "EMAIL": "off".',
        )
    if conf.LOGIN_BY == "username" and (not has_usernames() or conf.USERNAME == "optional"):
        yield _error(
            'USERACCOUNTS["LOGIN_BY"] is "username", and not everybody has one.',
            'Write "LOGIN_BY": "username_or_email", or "USERNAME": "required".',
        )


def _about_emails(given: dict[str, object]) -> Iterator[CheckMessage]:
    idle = [name for name in given if name in _ABOUT_EMAILS]
    idle += ["RETYPE"] if "email" in conf.RETYPE else []
    for name in idle:
        yield checks.Warning(
            f'USERACCOUNTS["{name}"] is about e-mail addresses, which nobody has with '
            '"EMAIL": "off".',
            hint=f'Leave "{name}" out.',
            id="useraccounts.W010",
        )


def _error(message: str, hint: str) -> CheckMessage:
    return checks.Error(message, hint=hint, id="useraccounts.E014")
