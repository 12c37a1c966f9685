"""The whole demo with one command: its database, its people, and the site itself."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.servers.basehttp import (
    ThreadedWSGIServer,
    WSGIRequestHandler,
    get_internal_wsgi_application,
)
from django.db import OperationalError

from testproject.guild.apps import lead_to_leaks, lead_to_provider, lead_to_till
from testproject.guild.people import PASSWORD, PEOPLE, ask_for_data, seed

HOST = "127.0.0.1"
#: How many ports to try, one after the other.
PORTS = 20


class Command(BaseCommand):
    help = "Prepare the database of the demo, tell who can log in, and serve it."
    # They may open the database, whose folder has to be made first.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="8000, or 0 for any free one")
        parser.add_argument("--no-serve", action="store_true", help="prepare, but do not serve")

    def handle(self, *, port: int, no_serve: bool, **options: Any) -> None:
        if not 0 <= port <= 65535:
            raise CommandError("A port is a number from 0 to 65535.")
        try:
            with _alone():
                self.check()
                call_command("migrate", verbosity=0, interactive=False)
                seed()
            if no_serve:
                self._tell_people()
            else:
                self._serve(port)
        except KeyboardInterrupt:
            self.stdout.write("\nThe guild is closed. Good night.")

    def _serve(self, wanted: int) -> None:
        with _server(wanted) as server:
            address = f"http://{HOST}:{server.server_port}"
            if wanted not in (0, server.server_port):
                self.stdout.write(f"Port {wanted} is in use, so it is port {server.server_port}.")
            self.stdout.write(f"The Artists' Guild is open at  {self.style.SUCCESS(address + '/')}")
            self.stdout.write(f"The mail that it sends is at   {address}/mailbox/")
            self._tell_people()
            ask_for_data(f"{HOST}:{server.server_port}")
            if find_spec("stripe"):
                lead_to_till(f"{address}/till")
            if find_spec("authlib"):
                lead_to_provider(f"{address}/provider")
            if find_spec("requests"):
                lead_to_leaks(f"{address}/leaks/range/")
            self.stdout.write("Ctrl-C closes the guild.")
            self.stdout.flush()
            server.set_app(StaticFilesHandler(get_internal_wsgi_application()))
            server.serve_forever()

    def _tell_people(self) -> None:
        width = max(len(person.username) for person in PEOPLE)
        self.stdout.write(f"Log in as one of these, password {self.style.SUCCESS(PASSWORD)}:")
        for person in PEOPLE:
            roles = ", ".join((*person.roles, *person.ending_roles)) or "no role"
            roles += ", but all of /admin/" if person.is_superuser else ""
            self.stdout.write(f"  {person.username:{width}}  {roles}")


@contextmanager
def _alone() -> Iterator[None]:
    """Let one process at a time prepare; the lock is SQLite's own, which ends with its process."""
    try:
        settings.MAILBOX.mkdir(parents=True, exist_ok=True)
        lock = sqlite3.connect(settings.VAR / "lock.sqlite3", timeout=60, isolation_level=None)
        with closing(lock):
            lock.execute("BEGIN EXCLUSIVE")
            yield
    except (OSError, sqlite3.Error, OperationalError) as error:
        raise CommandError(
            f"The demo keeps its database and its mail in {settings.VAR}, and cannot write there "
            f"({error}). Name another folder in the environment variable GUILD_VAR."
        ) from None


def _server(wanted: int) -> ThreadedWSGIServer:
    """Return runserver's server on the port, or on the next that is free."""
    for port in range(wanted, min(wanted + PORTS, 65536)):
        try:
            return ThreadedWSGIServer((HOST, port), WSGIRequestHandler)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise CommandError(f"Port {port} cannot be used: {error.strerror}.") from None
    raise CommandError(f"The ports {wanted} to {port} are in use. Try --port 0.")
