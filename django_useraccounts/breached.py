"""Passwords that are known from data breaches: asked for by a few letters of a hash, never more."""

import hashlib
import logging
import re
import threading
import time
from concurrent.futures import Future
from importlib.util import find_spec
from typing import Any

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from .models import AccountEvent
from .outside.addresses import is_safe

logger = logging.getLogger("django_useraccounts.breached")

#: The ranges of "Have I Been Pwned", which need no key.
RANGES_URL = "https://api.pwnedpasswords.com/range/"
#: Seconds for which nobody is asked after a failure: an outage costs one visitor the wait.
PAUSE_SECONDS = 30.0
#: The rest of a hash, and how often it was found.
_LINE = re.compile(r"([0-9A-Fa-f]{35}):(\d{1,15})")


class BreachedPasswordValidator:
    """
    Refuse a password that is known from a data breach; for AUTH_PASSWORD_VALIDATORS::

        {"NAME": "django_useraccounts.breached.BreachedPasswordValidator"}

    OPTIONS: ``url``, of another service that answers by ranges, such as one of your own, and
    ``timeout``, the seconds that it may take in all. It is told the first five of the forty letters
    of a SHA-1 hash and answers with all that begin so, padded (k-anonymity), so that neither it nor
    who reads the lengths on the wire learns the password. ASVS 6.2.12, NIST SP 800-63B-4 3.1.1.2.

    Whoever cannot be asked refuses nobody: the password passes, a warning is logged, an event
    ``breach_check_failed`` is written, and for half a minute this process asks no more.
    """

    def __init__(self, url: str = RANGES_URL, timeout: float = 1.5) -> None:
        if not is_safe(url, may_be_loopback=True):
            raise ImproperlyConfigured(f"The url {url!r} of breached passwords is not https.")
        if find_spec("requests") is None:
            raise ImproperlyConfigured(
                "BreachedPasswordValidator needs the package requests: install "
                "django_useraccounts[breached]."
            )
        self._url, self._timeout = url, timeout
        self._paused_until = 0.0

    @sensitive_variables()
    def validate(self, password: str, user: Any = None) -> None:
        if self._is_breached(password, user):
            raise ValidationError(
                _("This password has appeared in a data breach, so others know it."),
                code="password_breached",
            )

    def get_help_text(self) -> str:
        return _("Your password must not have appeared in a data breach.")

    @sensitive_variables()
    def _is_breached(self, password: str, user: Any) -> bool:
        from .outside.calls import CallFailed  # noqa: PLC0415  # needs requests, an extra

        if time.monotonic() < self._paused_until:
            logger.info("A new password was not looked for among breached ones: paused.")
            return False
        text = password.encode("utf-8", "replace")
        digest = hashlib.sha1(text, usedforsecurity=False).hexdigest().upper()
        try:
            return digest[5:] in _in_time(self._url + digest[:5], seconds=self._timeout)
        except CallFailed as failed:
            self._paused_until = time.monotonic() + PAUSE_SECONDS
            _tell(failed.reason, user)
            return False


def _tell(reason: str, user: Any) -> None:
    logger.warning("Breached passwords could not be asked for: %s.", reason)
    details = {"reason": reason, "pause_seconds": PAUSE_SECONDS}
    known = user if getattr(user, "pk", None) else None
    AccountEvent.objects.record("breach_check_failed", user=known, details=details)


def _in_time(url: str, *, seconds: float) -> set[str]:
    """
    Return what ``_breached`` does, or raise CallFailed when the time is over.

    By a thread of its own: no deadline ends the waiting for a name server.
    """
    from .outside.calls import NoAnswer  # noqa: PLC0415

    answer: Future[set[str]] = Future()
    try:
        threading.Thread(target=_ask, args=[answer, url, seconds], daemon=True).start()
        return answer.result(seconds)
    except TimeoutError:
        raise NoAnswer("timeout") from None
    except RuntimeError as error:
        # The machine has no thread left, for this one or for the deadline of the call.
        raise NoAnswer("thread") from error


def _ask(answer: "Future[set[str]]", url: str, seconds: float) -> None:
    try:
        answer.set_result(_breached(url, seconds))
    except BaseException as error:
        answer.set_exception(error)


def _breached(url: str, seconds: float) -> set[str]:
    """Return the ends of the hashes at a URL that were found at least once."""
    from .outside.calls import Bounds, LimitedSession, NoAnswer, WrongAnswer  # noqa: PLC0415

    headers = {"Accept": "text/plain", "Add-Padding": "true", "User-Agent": "django_useraccounts"}
    with LimitedSession() as session:
        session.bounds = Bounds(connect=seconds, read=seconds, total=seconds)
        response = session.get(url, headers=headers)
    if response.status_code != 200:
        raise NoAnswer("status")
    # A byte order mark is no part of what it stands before.
    lines = response.content.decode("utf-8-sig", "replace").split()
    found = [_LINE.fullmatch(line) for line in lines]
    if not found or None in found:
        # Every range has an answer; whatever this is, it says nothing about the password.
        raise WrongAnswer("answer")
    return {match[1].upper() for match in found if match and int(match[2])}
