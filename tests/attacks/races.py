"""Real requests at the same moment: several browsers over sockets, let go by a barrier."""

import http.client
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from copy import copy
from functools import partial
from http.cookies import SimpleCookie
from typing import Any, NamedTuple, Self
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import WSGIRequestHandler, WSGIServer
from django.test import Client, override_settings
from django.urls import reverse

from django_useraccounts.models import AbstractUser, OneTimeSecret
from django_useraccounts.secrets import link_of
from django_useraccounts.views import LINK_COOKIE

# Two hundred may knock at one moment: Django's server lets ten wait, and turns the others away.
WSGIServer.request_queue_size = 250
# On a connection that stays open, the body of an answer would wait until its head is acknowledged.
WSGIRequestHandler.disable_nagle_algorithm = True

#: How often each race is run; CI sets more, and a nightly run many. SQLite lets one write at a time
#: and has little to race with: a few show that nobody meets an error while he waits.
REPEATS = int(os.environ.get("USERACCOUNTS_RACE_REPEATS", "5"))
if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    REPEATS = min(REPEATS, 3)
#: Longer than any lock may be waited for.
PATIENCE = 60
FORM = "application/x-www-form-urlencoded"
NONE: Mapping[str, str] = {}


class Answer(NamedTuple):
    status: int
    location: str
    text: str


Line = AbstractContextManager[http.client.HTTPConnection]


def _line_to(origin: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(origin).netloc, timeout=PATIENCE)


class Lines:
    """Connections to a server that stay open from one request to the next, one for each thread."""

    def __init__(self, origin: str) -> None:
        self._connect, self._here = partial(_line_to, origin), threading.local()
        self._all: list[http.client.HTTPConnection] = []

    def own(self) -> Line:
        """Return that of this thread."""
        if not hasattr(self._here, "line"):
            self._here.line = self._connect()
            self._all.append(self._here.line)
        return nullcontext(self._here.line)

    def close(self) -> None:
        for line in self._all:
            line.close()


class Surfer:
    """
    A browser over sockets: it keeps cookies with their paths, and sends the CSRF token.

    ``line`` lends it a connection that stays open; without, each request has one of its own.
    """

    def __init__(
        self,
        origin: str,
        *,
        headers: Callable[[], Mapping[str, str]] = dict,
        line: Callable[[], Line] | None = None,
    ) -> None:
        self.line = line or (lambda: closing(_line_to(origin)))
        #: What every request carries besides.
        self.headers = headers
        self.cookies: dict[tuple[str, str], str] = {}
        self.token = ""

    def get(self, path: str) -> Answer:
        return self.send("GET", path)

    def post(self, path: str, data: dict[str, str]) -> Answer:
        body = urlencode({**data, "csrfmiddlewaretoken": self.token})
        return self.send("POST", path, body, {"Content-Type": FORM})

    def hold(self, secret: OneTimeSecret) -> str:
        """Have opened the link of a secret: keep its cookie, and return the path of its page."""
        link = link_of(secret)
        page = reverse(f"useraccounts:{secret.purpose}", args=[link.public_id])
        self.cookies[LINK_COOKIE, page] = link.proof
        return page

    def click(self) -> Self:
        """Return the browser as it is now: one click of several, which no answer to another changes."""
        one = copy(self)
        one.cookies = dict(self.cookies)
        return one

    def be(self, user: AbstractUser | None) -> None:
        """Be logged in as ``user``, in a session of its own; or as nobody."""
        self.cookies.pop((settings.SESSION_COOKIE_NAME, "/"), None)
        if user is not None:
            client = Client()
            client.force_login(user)
            session = client.cookies[settings.SESSION_COOKIE_NAME].value
            self.cookies[settings.SESSION_COOKIE_NAME, "/"] = session

    def send(
        self, method: str, path: str, body: str | None = None, headers: Mapping[str, str] = NONE
    ) -> Answer:
        sent = [f"{n}={v}" for (n, where), v in self.cookies.items() if path.startswith(where)]
        headers = {"Cookie": "; ".join(sent), **self.headers(), **headers}
        with self.line() as connection:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
        for header in response.headers.get_all("Set-Cookie", []):
            for name, morsel in SimpleCookie(header).items():
                self.cookies[name, morsel["path"] or "/"] = morsel.value
                if morsel["max-age"] == "0":
                    del self.cookies[name, morsel["path"] or "/"]
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', text)
        if token:
            self.token = token[1]
        return Answer(response.status, response.headers.get("Location", ""), text)


@contextmanager
def served_by(live_server: Any, middleware: list[str]) -> Iterator[None]:
    """Have the server, one for all tests, which has read long ago what stands there, use these."""
    server = live_server.thread.httpd
    before = server.get_app()
    with override_settings(MIDDLEWARE=middleware):
        server.set_app(WSGIHandler())
        try:
            yield
        finally:
            server.set_app(before)


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Do all acts in threads that start at the same moment; return what they return."""
    barrier = threading.Barrier(len(acts), timeout=PATIENCE)
    results: list[Any] = [None] * len(acts)
    errors: list[BaseException] = []

    def run(place: int, act: Callable[[], Any]) -> None:
        try:
            barrier.wait()
            results[place] = act()
        except BaseException as error:
            errors.append(error)

    threads = [
        threading.Thread(target=run, args=item, name=f"racer {item[0]}") for item in enumerate(acts)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE * 2)
    if errors:
        raise errors[0]
    return results
