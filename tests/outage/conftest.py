"""A site in a process of its own, on a PostgreSQL behind a line that can be cut."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from tests.conftest import missing
from tests.servers import free_port, lacks, postgresql

from .wire import Wire

ROOT = Path(__file__).parents[2]


#: What there is of who has registered: each is 1, or none is there.
ROWS = """
SELECT (SELECT count(*) FROM useraccounts_user WHERE username = %(username)s),
       (SELECT count(*) FROM useraccounts_useremail WHERE email_key = %(email)s),
       (SELECT count(*) FROM useraccounts_outgoingmail WHERE "to" = %(email)s),
       (SELECT count(*) FROM useraccounts_onetimesecret WHERE email_key = %(email)s)
"""


@dataclass
class Answer:
    """What a browser gets."""

    status: int
    headers: dict[str, str]
    text: str


@dataclass
class Visitor:
    """A small browser: keeps cookies, sends the token of the form, and keeps its connection."""

    port: int
    cookies: SimpleCookie = field(default_factory=SimpleCookie)

    def __post_init__(self) -> None:
        self.line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def close(self) -> None:
        self.line.close()

    def get(self, path: str) -> Answer:
        return self._ask("GET", path)

    def post(self, path: str, **fields: str) -> Answer:
        fields["csrfmiddlewaretoken"] = self.cookies["csrftoken"].value
        return self._ask("POST", path, urlencode(fields))

    def _ask(self, method: str, path: str, body: str | None = None) -> Answer:
        cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in self.cookies.items())
        headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
        self.line.request(method, path, body, headers)
        response = self.line.getresponse()
        for name, value in response.getheaders():
            if name.lower() == "set-cookie":
                self.cookies.load(value)
        return Answer(response.status, dict(response.getheaders()), response.read().decode())


@dataclass
class Site:
    """A running site, the line to its database, and a way to ask that database."""

    port: int
    wire: Wire
    environment: dict[str, str]

    def run(self, code: str) -> str:
        """Run Python in the site, past the line, and return what it prints."""
        return run(self.environment, code)

    def ask(self, sql: str, names: Mapping[str, str] | None = None) -> list[tuple[object, ...]]:
        """Ask the database itself, past the line."""
        return ask(self.environment["USERACCOUNTS_TEST_DATABASE"], sql, names)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """Start the database, the line and the site, each on a free port; stop them at the end."""
    if lacks("postgresql"):
        missing("postgresql", lacks("postgresql"))
    with postgresql() as url:
        parts = urlsplit(url)
        wire = Wire(("127.0.0.1", parts.port or 0))
        port = free_port()
        environment = environment_of(url, port)
        run(environment, PREPARE)
        through_wire = url.replace(f":{parts.port}/", f":{wire.port}/")
        through = {**environment, "USERACCOUNTS_TEST_DATABASE": through_wire}
        with closing(wire), running(through, port):
            yield Site(port, wire, environment)


@contextmanager
def running(environment: Mapping[str, str], port: int) -> Iterator[None]:
    """Have a site at a port of the loopback as long as the block takes."""
    command = [sys.executable, "-m", "django", "runserver", "--noreload", f"127.0.0.1:{port}"]
    server = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(port)
        yield
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture
def visitor(site: Site) -> Iterator[Visitor]:
    """Return a browser at the site; after the test the line is mended."""
    visitor = Visitor(site.port)
    yield visitor
    visitor.close()
    site.wire.mend()


PREPARE = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django_useraccounts.testing import make_user
make_user("frida", roles=["secret", "agent"])
"""


def ask(url: str, sql: str, names: Mapping[str, str] | None = None) -> list[tuple[object, ...]]:
    """Ask a database."""
    import psycopg

    with psycopg.connect(url) as connection:
        return connection.execute(sql, names).fetchall()


def environment_of(url: str, port: int) -> dict[str, str]:
    """Return what a process of the site is told."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.outage.child_settings",
        "USERACCOUNTS_TEST_DATABASE": url,
        "ORIGIN": f"http://127.0.0.1:{port}",
    }


def run(environment: Mapping[str, str], code: str) -> str:
    """Run Python in a process of the site, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", "import django; django.setup()\n" + code],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("The site did not start.")
