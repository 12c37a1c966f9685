"""Prove who is at a browser, and when that was last done; kept in the session."""

import time

from django.contrib.auth.hashers import check_password
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from .conf import conf
from .errors import WrongPassword
from .limits import spend
from .models import AbstractUser

_SESSION_KEY = "useraccounts_proved_at"


def stamp_proof(request: HttpRequest) -> None:
    """Note that a password, or what stands for it, was right just now."""
    request.session[_SESSION_KEY] = int(time.time())


def is_proof_recent(request: HttpRequest) -> bool:
    """Say whether the last proof is younger than RECENT_LOGIN_MAX_AGE."""
    session = getattr(request, "session", None)
    if session is None:
        return False
    age: float = time.time() - session.get(_SESSION_KEY, 0)
    # A stamp from the future means that the clock was set back: ask again.
    return 0 <= age + 1 and age <= conf.RECENT_LOGIN_MAX_AGE.total_seconds()


@sensitive_variables()
def check_own_password(user: AbstractUser, password: str, *, request: HttpRequest | None) -> None:
    """Raise WrongPassword, or TooManyAttempts, so that a stolen session is no way to guess it."""
    spent = spend("password", identifier=str(user.pk), request=request)
    # Not user.check_password(): it may renew the hash, which would end this very session.
    if not check_password(password, user.password):
        raise WrongPassword
    spent.forgive()
