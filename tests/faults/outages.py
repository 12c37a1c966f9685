"""
Fail what is not the database: the mail server, the cache, and whom the site asks over HTTP.

Each has one door that everything goes through: ``Postman`` is the mail backend of the site,
``Cache`` its cache, and ``requests`` makes every call to the outside, those of the libraries of
Stripe, Authlib and anymail included. ``disturbed`` counts what goes through them, and can have one
door fail at one place. The fixture ``fit`` of test_outages gives a site all three.
"""

import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from smtplib import SMTPDataError, SMTPServerDisconnected
from typing import Any
from unittest import mock

import requests
from anymail.exceptions import AnymailRequestsAPIError
from django.contrib.auth.password_validation import get_default_password_validators
from django.contrib.sessions.backends.cached_db import KEY_PREFIX
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
from django.core.mail.backends import locmem

from django_useraccounts import counters, limits
from django_useraccounts.social.protocol.metadata import documents
from tests.faults.harness import Course, failing

#: How a provider of mail is reached that ``by_an_api`` has a site send through.
POSTMARK = "https://api.postmarkapp.com/"
#: Parts of a path that name a subscription, an invoice or the beginning of a hash.
_ABOUT = re.compile(r"/(sub|in|cs)_\w+|/[0-9A-F]{5}$")


class Door(Enum):
    """What a site leans on beside its database."""

    MAIL = "the mail server"
    CACHE = "the cache"
    CALL = "whom the site asks"


class CacheAway(Exception):
    """Each library of a cache has errors of its own."""


class Way(Enum):
    """What goes wrong at one place."""

    REFUSED = "it refuses"
    BUSY = "it says that it cannot do it now"
    STRANGE = "it answers what nobody understands"
    UNHEARD = "it does it, and its answer is lost"
    GONE = "it is gone, from there on"


#: What each door does: it raises an error, or answers instead.
_ERRORS: dict[Door, dict[Way, Callable[[], Exception]]] = {
    Door.MAIL: {
        Way.REFUSED: partial(SMTPServerDisconnected, "Connection unexpectedly closed"),
        Way.BUSY: partial(SMTPDataError, 451, b"4.3.0 Try again later"),
        Way.STRANGE: partial(AnymailRequestsAPIError, "Invalid JSON in the answer"),
        Way.UNHEARD: partial(TimeoutError, "timed out"),
        Way.GONE: partial(ConnectionRefusedError, "Connection refused"),
    },
    Door.CACHE: dict.fromkeys((Way.REFUSED, Way.UNHEARD, Way.GONE), partial(CacheAway, "away")),
    Door.CALL: {
        Way.REFUSED: partial(requests.ConnectionError, "refused"),
        Way.UNHEARD: partial(requests.ReadTimeout, "timed out"),
        Way.GONE: partial(requests.ConnectionError, "no route"),
    },
}
_ANSWERS = {
    Way.BUSY: (503, b'{"error": {"type": "api_error", "message": "Not now."}}'),
    Way.STRANGE: (200, b"<html>Welcome to this hotel!</html>"),
}
WAYS = {
    Door.MAIL: tuple(_ERRORS[Door.MAIL]),
    Door.CACHE: tuple(_ERRORS[Door.CACHE]),
    Door.CALL: (*_ERRORS[Door.CALL], *_ANSWERS),
}


@dataclass
class Traffic:
    """What went through the doors."""

    course: Course
    door: Door | None = None
    way: Way | None = None
    place: int = 0
    #: What each door was asked for, in the words of this module.
    asked: dict[Door, list[str]] = field(default_factory=lambda: {door: [] for door in Door})
    #: What attempts were counted for, see ``limits.DEFAULTS``.
    purposes: set[str] = field(default_factory=set)
    #: What met the fault.
    met: list[str] = field(default_factory=list)
    #: Is an operation under way that is made of others?
    is_inside: bool = False

    def pass_through(self, door: Door, what: str, really: Callable[[], Any]) -> Any:
        """Do it, or fail it if this is the place."""
        self.asked[door].append(what)
        number = len(self.asked[door])
        is_here = number >= self.place if self.way is Way.GONE else number == self.place
        if self.way is None or door is not self.door or not is_here:
            return really()
        self.met.append(what)
        if self.way is Way.UNHEARD:
            # What a cache says of a key that is not there is an answer, too.
            with suppress(ValueError):
                really()
        if door is Door.CALL and self.way in _ANSWERS:
            return answer(*_ANSWERS[self.way])
        error = _ERRORS[door][self.way]()
        raise error


_traffic: Traffic | None = None


@contextmanager
def disturbed(
    door: Door | None = None, way: Way | None = None, place: int = 0
) -> Iterator[Traffic]:
    """Have what goes through a door at this place fail; without a door, only count."""
    global _traffic  # noqa: PLW0603 - as Django makes backends by a path
    count = limits._windows

    def count_and_tell(purpose: str, *args: Any) -> Any:
        traffic.purposes.add(purpose)
        return count(purpose, *args)

    with ExitStack() as stack:
        traffic = Traffic(stack.enter_context(failing()), door, way, place)
        stack.enter_context(mock.patch.object(limits, "_windows", count_and_tell))
        stack.enter_context(mock.patch.object(requests.Session, "send", _sending(traffic)))
        _traffic = traffic
        try:
            yield traffic
        finally:
            _traffic = None


class Postman(locmem.EmailBackend):
    """A backend of mail that each mail can fail in."""

    def send_messages(self, messages: Any) -> int:
        return sum(self._carry(message) for message in messages)

    def _carry(self, message: Any) -> int:
        really = partial(super().send_messages, [message])
        if _traffic is None:
            return really()
        return int(_traffic.pass_through(Door.MAIL, str(message.subject), really))


class Cache(LocMemCache):
    """A cache that each operation can fail in."""


def _operation(name: str) -> Callable[..., Any]:
    original = getattr(LocMemCache, name)

    def operation(self: Cache, *args: Any, **kwargs: Any) -> Any:
        really = partial(original, self, *args, **kwargs)
        if _traffic is None or _traffic.is_inside:
            return really()
        _traffic.is_inside = True
        try:
            whose = "session" if str(args[0]).startswith(KEY_PREFIX) else "limit"
            return _traffic.pass_through(Door.CACHE, f"{whose} {name}", really)
        finally:
            _traffic.is_inside = False

    return operation


for _name in ("get", "get_many", "add", "set", "incr", "decr", "delete", "has_key", "__contains__"):
    setattr(Cache, _name, _operation(_name))


def _sending(traffic: Traffic) -> Callable[..., Any]:
    original = requests.Session.send

    def send(self: Any, request: Any, **kwargs: Any) -> Any:
        url = request.url.partition("?")[0]
        if url.startswith(POSTMARK):
            said = {"ErrorCode": 0, "Message": "OK", "MessageID": "1", "To": "frida@example.com"}
            really: Callable[[], Any] = partial(answer, 200, json.dumps(said).encode())
        else:
            really = partial(original, self, request, **kwargs)
        return traffic.pass_through(Door.CALL, f"{request.method} {_endpoint(url)}", really)

    return send


def _endpoint(url: str) -> str:
    """Return what is asked there, wherever it is, and whomever it is about."""
    path = "/".join(url.split("/")[3:])
    return _ABOUT.sub("", path)


def answer(status: int, body: bytes) -> requests.Response:
    """Return what a server says."""
    response = requests.Response()
    response.status_code, response.raw = status, io.BytesIO(body)
    response.headers["Content-Type"] = "application/json"
    return response


def begin_anew() -> None:
    """Forget what the process knows of the outside, and what the cache holds."""
    caches["default"].clear()
    counters._outage.end()
    documents.forget()
    get_default_password_validators.cache_clear()
