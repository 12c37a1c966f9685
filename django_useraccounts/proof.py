"""When the person at a browser has last proved who it is; kept in the session."""

import time

from django.http import HttpRequest

from .conf import conf

_SESSION_KEY = "useraccounts_proved_at"


def stamp_proof(request: HttpRequest) -> None:
    """Note that a password, or what stands for it, was right just now."""
    request.session[_SESSION_KEY] = int(time.time())


def renew_proof(request: HttpRequest) -> None:
    """
    Note that the person has proved it in a session that goes on, under a new key.

    Who has the old key, by a copy of the cookie, may not have what the proof opens. Source: OWASP
    ASVS 5.0, 7.2.4.
    """
    request.session.cycle_key()
    stamp_proof(request)


async def load_proof(request: HttpRequest) -> None:
    """Read the session from an async view, so that ``is_proof_recent`` asks no database."""
    session = getattr(request, "session", None)
    if session is not None:
        await session.aget(_SESSION_KEY)


def is_proof_recent(request: HttpRequest) -> bool:
    """Say whether the last proof is younger than RECENT_LOGIN_MAX_AGE."""
    session = getattr(request, "session", None)
    if session is None:
        return False
    age: float = time.time() - session.get(_SESSION_KEY, 0)
    # A stamp from the future means that the clock was set back: ask again.
    return 0 <= age + 1 and age <= conf.RECENT_LOGIN_MAX_AGE.total_seconds()
