"""
A fleet: two gunicorns with two workers of two threads each, on one database and one Redis.

Each gunicorn stands for a machine: they share nothing but the two servers. The database is that of
the tests, whichever it is.
"""

import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count, cycle
from pathlib import Path

import pytest
from django.db import connection

from tests.attacks.races import Surfer
from tests.conftest import missing
from tests.readme import ROOT
from tests.servers import free_port, lacks, redis
from tests.waiting import PATIENCE, wait_until

MACHINES, WORKERS = 2, 2
#: Runs commands of Django, each a line, from the moment when the lines come in.
WAITING = """
import sys, django
from django.core.management import call_command
django.setup()
print("ready", flush=True)
for line in sys.stdin:
    call_command(*line.split())
"""


@dataclass
class Fleet:
    """The machines, and what they leave: mails and who has answered, each a line."""

    keeps_in: str
    ports: list[int]
    redis: str
    mails: Path
    answers: Path

    def __post_init__(self) -> None:
        self._addresses = (f"198.18.{one >> 8}.{one & 255}" for one in count(1))

    def browser(self) -> Surfer:
        """Return a browser at an address of its own, whose requests go to each machine in turn."""
        turns, address = cycle(self.ports), next(self._addresses)
        return Surfer(
            "",
            headers=lambda: {"Host": "127.0.0.1", "X-Forwarded-For": address},
            line=lambda: closing(
                http.client.HTTPConnection("127.0.0.1", next(turns), timeout=PATIENCE)
            ),
        )

    @property
    def environment(self) -> dict[str, str]:
        own = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV_"))}
        return {
            **own,
            "DJANGO_SETTINGS_MODULE": "tests.fleet.settings",
            "FLEET_DATABASE": str(connection.settings_dict["NAME"]),
            "FLEET_REDIS": self.redis,
            "FLEET_KEEPS_IN": self.keeps_in,
            "MAILS": str(self.mails),
            "MAIL_TAKES": "0.03",
        }

    def empty(self) -> None:
        """Take away what an earlier test has left beside the database."""
        from redis import Redis

        with Redis.from_url(self.redis) as client:
            client.flushall()
        for path in (self.mails, self.answers):
            path.write_text("")

    @property
    def processes(self) -> set[str]:
        """The processes that have answered since the test began."""
        return set(self.answers.read_text().split())

    def process(self) -> "subprocess.Popen[str]":
        """Start a process beside the machines, which is ready to be told what to do."""
        process = subprocess.Popen(
            [sys.executable, "-c", WAITING],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout and process.stdout.readline() == "ready\n"
        return process


@pytest.fixture(scope="session")
def _fleets(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Fleet]]:
    """Start a fleet at the first test that needs it; stop all of them before the database goes."""
    if not find_spec("gunicorn"):
        missing("gunicorn", "the Python package gunicorn is not installed")
    if lacks("redis"):
        missing("redis", lacks("redis"))
    fleets: dict[str, Fleet] = {}
    with ExitStack() as stack:

        def fleet(keeps_in: str) -> Fleet:
            if keeps_in not in fleets:
                folder = tmp_path_factory.mktemp("fleet")
                fleets[keeps_in] = stack.enter_context(_running(keeps_in, folder))
            return fleets[keeps_in]

        yield fleet


@pytest.fixture
def fleet(
    transactional_db: None, _fleets: Callable[[str], Fleet], request: pytest.FixtureRequest
) -> Iterator[Fleet]:
    """Return the fleet whose limits and sessions are in the database, or, if asked, in Redis."""
    running = _fleets(getattr(request, "param", "database"))
    running.empty()
    yield running
    _wait_for_mails()


@contextmanager
def _running(keeps_in: str, folder: Path) -> Iterator[Fleet]:
    with redis() as cache:
        fleet = Fleet(
            keeps_in,
            ports=[free_port() for _port in range(MACHINES)],
            redis=cache.url,
            mails=folder / "mails",
            answers=folder / "answers",
        )
        machines = [_machine(fleet, port) for port in fleet.ports]
        try:
            for port, machine in zip(fleet.ports, machines, strict=True):
                _wait_for(port, machine)
            yield fleet
        finally:
            for machine in machines:
                # They are idle, and what they have in hand needs no time.
                machine.send_signal(signal.SIGQUIT)
            for machine in machines:
                machine.wait(PATIENCE)


def _machine(fleet: Fleet, port: int) -> "subprocess.Popen[bytes]":
    options = ["--bind", f"127.0.0.1:{port}", "--workers", str(WORKERS), "--threads", "2"]
    options += ["--graceful-timeout", "1"]
    # Imported once, before the workers are made; a line of the log is the process of an answer.
    options += ["--preload", "--access-logfile", str(fleet.answers), "--access-logformat", "%(p)s"]
    application = "django.core.wsgi:get_wsgi_application()"
    command = [sys.executable, "-m", "gunicorn", *options, "--log-level", "error", application]
    return subprocess.Popen(command, cwd=ROOT, env=fleet.environment)


def _wait_for(port: int, machine: "subprocess.Popen[bytes]") -> None:
    def answers() -> bool:
        assert machine.poll() is None, "It did not start."
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        with closing(line):
            try:
                line.request("GET", "/accounts/login/")
            except OSError:
                return False
            return line.getresponse().status == 200

    wait_until(answers)


def _wait_for_mails() -> None:
    # A thread that still carries one would find the tables of the next test.
    from django_useraccounts.models import OutgoingMail

    wait_until(lambda: not OutgoingMail.objects.filter(sent_at=None).exists())


def tell(process: "subprocess.Popen[str]", *commands: str) -> None:
    """Have a process run commands of Django, one after the other, and end."""
    assert process.stdin
    process.stdin.write("\n".join(commands))
    process.stdin.close()
    process.stdin = None
