"""
What a browser has begun: logins that are under way, and an identity that waits for its account.

Both rest in the session of the browser. State, nonce and verifier are used once, and not for long
(RFC 9700, 4.7.1; ASVS 5.0, 10.1.2).
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from django.http import HttpRequest

from ..limits import is_first
from .errors import NotBegunHere
from .identities import Identity

#: Seconds that somebody may take at the provider.
ATTEMPT_MAX_AGE = 600
#: Seconds that somebody may take to complete the registration, or to prove an account.
ARRIVAL_MAX_AGE = 1800
#: Logins that one browser may have under way: one for each tab, within reason.
MOST_ATTEMPTS = 5

_ATTEMPTS = "useraccounts_social_attempts"
_ARRIVAL = "useraccounts_social_arrival"

#: What comes of an identity: its owner is logged in, it is connected, or it proves its owner again.
Aim = Literal["login", "connect", "prove"]


@dataclass(frozen=True)
class Attempt:
    """A login that this browser has begun."""

    provider: str
    aim: Aim
    #: What the provider needs to judge its answer by.
    pending: Mapping[str, str]
    next_url: str
    #: The key of the user who has begun it, "" for a stranger.
    user_key: str


def keep_attempt(attempt: Attempt, *, request: HttpRequest) -> None:
    """Note in the session what was begun; the oldest of too many is forgotten."""
    attempts = _attempts(request)
    state = attempt.pending["state"]
    attempts[state] = {**vars(attempt), "pending": dict(attempt.pending), "at": _now()}
    request.session[_ATTEMPTS] = dict(list(attempts.items())[-MOST_ATTEMPTS:])


def take_attempt(state: str, *, provider: str, request: HttpRequest) -> Attempt:
    """
    Return what was begun with a state at this provider, once; raise NotBegunHere for all else.

    Before anything of an answer is believed, or shown: it may come from anybody, who would log
    others in as himself, or put texts of his own on our pages.
    """
    attempts = _attempts(request)
    found = attempts.get(state)
    if not found or found["provider"] != provider:
        raise NotBegunHere("unbound")
    if not 0 <= _now() - found["at"] <= ATTEMPT_MAX_AGE:
        raise NotBegunHere("stale")
    # The session alone would let two answers through that come at once: each reads it before the
    # other has written. Nothing is changed for the second, whose session may be gone by now.
    if not is_first("social_state", state, seconds=2 * ATTEMPT_MAX_AGE):
        raise NotBegunHere("replayed")
    return Attempt(**{name: value for name, value in found.items() if name != "at"})


def forget_attempt(state: str, *, request: HttpRequest) -> None:
    """Take out of the session what an answer has come for."""
    attempts = _attempts(request)
    attempts.pop(state, None)
    request.session[_ATTEMPTS] = attempts


@dataclass(frozen=True)
class Arrival:
    """An identity that came back from its provider and belongs to no account yet."""

    identity: Identity
    next_url: str = ""
    #: Has it one after all, which waits for its address to be confirmed?
    is_registered: bool = False


def keep_arrival(arrival: Arrival, *, request: HttpRequest) -> None:
    """
    Let an identity wait in the session until its owner has said which account it is for.

    Under a new key: who has planted the session in this browser must not hold the same one.
    """
    request.session.cycle_key()
    kept = {**vars(arrival), "identity": arrival.identity.as_kept(), "at": _now()}
    request.session[_ARRIVAL] = kept
    # Not left behind at a computer that others use after this visitor.
    request.session.set_expiry(0)


def arrival_of(request: HttpRequest) -> Arrival | None:
    """Return the identity that waits in the session, if any, and if it has not waited too long."""
    kept = request.session.get(_ARRIVAL)
    if not kept or not 0 <= _now() - kept["at"] <= ARRIVAL_MAX_AGE:
        return None
    try:
        identity = Identity.read(kept["identity"])
    except ValueError:
        # Kept by another release of ours.
        return None
    return Arrival(identity, kept["next_url"], kept.get("is_registered", False))


def forget_arrival(request: HttpRequest, **kwargs: object) -> None:
    """
    Let no identity wait any more; also a receiver of Django's ``user_logged_in``.

    What somebody has left in a session would else wait for whoever logs in next.
    """
    request.session.pop(_ARRIVAL, None)


def _attempts(request: HttpRequest) -> dict[str, dict[str, Any]]:
    return dict(request.session.get(_ATTEMPTS, {}))


def _now() -> int:
    return int(time.time())
