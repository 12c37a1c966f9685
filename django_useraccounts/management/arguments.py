"""What somebody types on a command line, as values; CommandError says in a line what is wrong."""

from collections.abc import Sequence
from datetime import UTC, datetime
from difflib import get_close_matches

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from ..identity import has_username_column
from ..models import AbstractUser, Role, RoleGrant
from ..roles.flows.names import make_role


def find_user(text: str) -> AbstractUser:
    """Return the user of a username, or of a proved address: what has an @ is one."""
    who = "proved address" if "@" in text else "username"
    if who == "username" and not has_username_column():
        raise CommandError("Users have no username here. Name one by the e-mail address.")
    user: AbstractUser | None = get_user_model()._default_manager.called(text).first()
    if user is None:
        raise CommandError(f"There is no user with the {who} “{text}”.")
    return user


def find_roles(names: Sequence[str], *, create: bool = False) -> list[Role]:
    """
    Return the roles of some names, each once; ``create`` makes those that lack.

    InvalidRole says why no role can be called like that.
    """
    stored = {role.name: role for role in Role.objects.all()}
    unknown = [name for name in dict.fromkeys(names) if name not in stored]
    if unknown and not create:
        raise CommandError(" ".join(_unknown(name, list(stored)) for name in unknown))
    stored |= {name: make_role(name) for name in unknown}
    return [stored[name] for name in dict.fromkeys(names)]


def _unknown(name: str, stored: list[str]) -> str:
    close = get_close_matches(name.lower(), stored, n=1)
    hint = f" Did you mean “{close[0]}”?" if close else ""
    return f"There is no role “{name}”.{hint}"


def read_moment(text: str | None) -> datetime | None:
    """Return the moment of an ISO date, which means its midnight, or of a date and time."""
    if text is None:
        return None
    try:
        moment = parse_datetime(text)
        if moment and settings.USE_TZ and timezone.is_naive(moment):
            moment = timezone.make_aware(moment)
        elif moment and not settings.USE_TZ and timezone.is_aware(moment):
            moment = timezone.make_naive(moment)
        if moment and settings.USE_TZ:
            moment.astimezone(UTC)  # the database asks for it, and year 1 or 9999 may have none
    except (ValueError, OverflowError):
        moment = None
    if moment is None:
        raise CommandError(f"“{text}” is no date. Write it like 2026-12-31 or 2026-12-31T18:00.")
    return moment


def shown_moment(moment: datetime) -> str:
    """Return a moment as people read it, with its time zone."""
    local = timezone.localtime(moment) if timezone.is_aware(moment) else moment
    return f"{local:%Y-%m-%d %H:%M %Z}".strip()


def read_reason(text: str) -> str:
    """Return a reason as it can be stored."""
    most = RoleGrant._meta.get_field("reason").max_length
    if most and len(text) > most:
        raise CommandError(f"The reason is too long: it has {len(text)} characters of {most}.")
    # Bytes that are no UTF-8 arrive as lone surrogates, which no database takes.
    return text.encode("utf-8", "replace").decode()
