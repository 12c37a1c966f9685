"""The world around the accounts: a clock, a post office, a database, and browsers, all quick."""

import base64
import os
import random
import re
import smtplib
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

from django.conf import settings
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIRequest
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.management import call_command
from django.core.signals import setting_changed
from django.db import connection
from django.template.backends.django import DjangoTemplates
from django.urls import reverse
from django.utils import timezone


class Broken(AssertionError):
    """Something that has to hold after every step does not."""


def demand(holds: object, words: str) -> None:
    if not holds:
        raise Broken(words)


# The clock


class Clock:
    """The time of all that runs here: it goes on only when somebody lets it."""

    START = datetime(2026, 1, 5, 12, tzinfo=UTC)

    def __init__(self) -> None:
        self.now = self.START

    def begin_anew(self) -> None:
        self.now = self.START

    def go_on(self, length: timedelta) -> None:
        self.now += length

    def seconds(self) -> float:
        return self.now.timestamp()

    def read(self, tz: tzinfo | None = None) -> datetime:
        # Each look is later than the one before: two rows are never of one moment.
        self.now += timedelta(microseconds=1)
        return self.now.astimezone(tz) if tz else self.now.replace(tzinfo=None)


clock = Clock()


class _Moment(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Any:
        return clock.read(tz)


# The post office


@dataclass(frozen=True)
class Letter:
    """A mail that has arrived; ``path`` is where its link leads, "" if it has none."""

    to: str
    text: str
    path: str
    at: datetime

    @property
    def purpose(self) -> str:
        """The page of the link, by the name of its URL."""
        return self.path.split("/")[2].replace("-", "_") if self.path else ""

    @property
    def secret(self) -> str:
        return self.path.split("/")[3] if self.path else ""


@dataclass
class PostOffice:
    """Who gets mail, and what becomes of it: delivered, refused for now, or for ever."""

    letters: list[Letter] = field(default_factory=list)
    mood: str = "delivers"

    def take(self, message: EmailMessage) -> None:
        [to] = message.to
        if self.mood == "fails":
            raise smtplib.SMTPServerDisconnected("gone")
        if self.mood == "bounces":
            raise smtplib.SMTPRecipientsRefused({to: (550, b"5.1.1 No such user")})
        found = re.search(r"https?://[^/\s]+(/\S*/[\w-]{64}/)", str(message.body))
        text = f"{message.subject}\n{message.body}"
        self.letters.append(Letter(to, text, found[1] if found else "", clock.now))


post_office = PostOffice()


class Postman(BaseEmailBackend):
    """Django's way to the post office."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            post_office.take(message)
        return len(email_messages)


# The printing press


class Press(DjangoTemplates):
    """
    The templates of the site, which take most of the time of a page: set in some of the runs only.

    Otherwise a page is empty, as whoever acts here knows what is on it, and a mail is its link.
    """

    is_printing = False

    def get_template(self, template_name: str) -> Any:
        return _Sheet(template_name, super().get_template(template_name))


@dataclass(frozen=True)
class _Sheet:
    name: str
    template: Any

    def render(self, context: Any = None, request: Any = None) -> str:
        if Press.is_printing:
            return str(self.template.render(context, request))
        return str(context["link"]) if self.name.endswith("/body.txt") else ""


# Browsers


_handler = BaseHandler()
#: When each session was used last, by its key, and when it was given that key: whoever proves who
#: is there gets a new one.
used: dict[str, datetime] = {}
keyed: dict[str, datetime] = {}
#: The checkouts at Stripe that can be paid, by their ids.
checkouts: dict[str, dict[str, Any]] = {}
#: The subscriptions that the site has asked Stripe to end, by their ids.
stopped: set[str] = set()


@dataclass(eq=False)
class Browser:
    """A browser of one person: cookies with their paths, and a client address of its own."""

    person: str
    client: str
    #: Value by path and name.
    cookies: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def session_key(self) -> str:
        return self.cookies.get(("/", settings.SESSION_COOKIE_NAME), "")

    def close(self) -> None:
        """Forget the session, as browsers do that are closed; the server does not know of it."""
        self.cookies.pop(("/", settings.SESSION_COOKIE_NAME), None)

    def get(self, path: str) -> Any:
        return self._ask("GET", path, b"", "")

    def post(self, path: str, data: Mapping[str, Any] | None = None) -> Any:
        body = urlencode(data or {}, doseq=True).encode()
        return self._ask("POST", path, body, "application/x-www-form-urlencoded")

    def post_json(self, path: str, text: str, **headers: str) -> Any:
        return self._ask("POST", path, text.encode(), "application/json", **headers)

    def _ask(self, method: str, path: str, body: bytes, kind: str, **headers: str) -> Any:
        parts = urlsplit(path)
        sent = [
            f"{name}={value}"
            for (where, name), value in self.cookies.items()
            if parts.path.startswith(where)
        ]
        request = WSGIRequest(
            {
                "REQUEST_METHOD": method,
                "PATH_INFO": parts.path,
                "QUERY_STRING": parts.query,
                "CONTENT_TYPE": kind,
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_COOKIE": "; ".join(sent),
                "REMOTE_ADDR": self.client,
                "SERVER_NAME": "testserver",
                "SERVER_PORT": "80",
                "SERVER_PROTOCOL": "HTTP/1.1",
                "SCRIPT_NAME": "",
                "wsgi.input": BytesIO(body),
                "wsgi.url_scheme": "http",
                **headers,
            }
        )
        # As in Django's client: forms of other sites have their own tests.
        request._dont_enforce_csrf_checks = True
        used[self.session_key] = clock.now
        response = _handler.get_response(request)
        for name, morsel in response.cookies.items():
            where = (morsel["path"] or "/", name)
            if morsel["max-age"] == 0 or not morsel.value:
                self.cookies.pop(where, None)
            else:
                self.cookies[where] = morsel.value
        # Who has read a message does not keep it.
        self.cookies.pop(("/", "messages"), None)
        used[self.session_key] = clock.now
        keyed.setdefault(self.session_key, clock.now)
        return response


def url(name: str, *args: object) -> str:
    return reverse(f"useraccounts:{name}", args=args)


def query_of(location: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(location).query))


# All of it


_stored: dict[str, sqlite3.Connection] = {}
#: Where keys and secrets come from: in each run the same, or a run would not be the same again.
_chance = random.Random()


def build() -> None:
    """Make the world, once in a process: tables, a clock that stands still, the middleware."""
    timezone.datetime = _Moment  # type: ignore[attr-defined]
    time.time = clock.seconds
    os.urandom = random._urandom = _chance.randbytes  # type: ignore[attr-defined]
    call_command("migrate", verbosity=0)
    _handler.load_middleware()


def store(name: str) -> None:
    """Keep the database as it is now for ``begin_anew``."""
    _stored[name] = sqlite3.connect(":memory:")
    _raw().backup(_stored[name])


def begin_anew(name: str) -> None:
    """Let it be the first day again, with a database that was stored."""
    _stored[name].backup(_raw())
    clock.begin_anew()
    _chance.seed(0)
    post_office.letters.clear()
    used.clear()
    keyed.clear()
    checkouts.clear()
    stopped.clear()
    post_office.mood = "delivers"


def become(site: Mapping[str, Any]) -> None:
    """Change USERACCOUNTS into that of another site."""
    settings.USERACCOUNTS = {**settings.USERACCOUNTS, **site}
    setting_changed.send(
        sender=None, setting="USERACCOUNTS", value=settings.USERACCOUNTS, enter=True
    )


def rows(sql: str, *params: object) -> list[tuple[Any, ...]]:
    """Ask the database, past the ORM."""
    return list(_raw().execute(sql, params))


def row_of_link(letter: Letter) -> tuple[int, str, str]:
    """Return user, key of the address, and what else it brings about, of the link in a letter."""
    raw = base64.urlsafe_b64decode(letter.secret)
    sql = "SELECT user_id, email_key, pending FROM useraccounts_onetimesecret WHERE id = ?"
    found = rows(sql, UUID(bytes=raw[:16]).hex)
    return found[0] if found else (0, "", "")


def is_over(letter: Letter) -> bool:
    """Say whether the link in a letter was used up or ended, or can open nothing any more."""
    raw = base64.urlsafe_b64decode(letter.secret)
    sql = (
        "SELECT redeemed_at, NOT u.is_active OR s.purpose = 'reset_password' "
        "AND s.epoch < u.session_epoch FROM useraccounts_onetimesecret s "
        "LEFT JOIN useraccounts_user u ON u.id = s.user_id WHERE s.id = ?"
    )
    found = rows(sql, UUID(bytes=raw[:16]).hex)
    return not found or any(found[0])


def everything() -> str:
    """Return all that is stored, as one text."""
    return "\n".join(_raw().iterdump())


def everything_lasting() -> list[str]:
    """Return all that is stored short of the sessions, which note when they are used."""
    passing = ("django_session", "useraccounts_sessions_loginsession")
    starts = tuple(f'INSERT INTO "{table}"' for table in passing)
    return [line for line in _raw().iterdump() if not line.startswith(starts)]


def _raw() -> sqlite3.Connection:
    connection.ensure_connection()
    raw: sqlite3.Connection = connection.connection
    return raw
