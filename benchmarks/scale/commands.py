"""What cron runs, on copies of filled databases: memory, and what one statement touches."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from .databases import ROOT, configure, copy_of, drop

#: The commands and flows, by what is told of them.
COMMANDS: dict[str, list[str]] = {
    "useraccounts_check_emails": ["useraccounts_check_emails"],
    "useraccounts_sync_roles": ["useraccounts_sync_roles"],
    "useraccounts_remind": ["useraccounts_remind"],
    "useraccounts_memberships": ["useraccounts_memberships"],
    "useraccounts_send_mail --limit 1000": ["useraccounts_send_mail", "--limit", "1000"],
    "useraccounts_prune --events-older-than 950": [
        "useraccounts_prune",
        "--events-older-than",
        "950",
    ],
}


def measure_commands(sizes: Sequence[int]) -> dict[str, dict[str, Any]]:
    """Return what each command costs at each size, one after the other on a copy."""
    figures: dict[str, dict[str, Any]] = {name: {} for name in COMMANDS}
    # All of them first: nobody may be connected to what is copied.
    copies = {size: copy_of(size) for size in sizes}
    for size, url in copies.items():
        for number, name in enumerate(COMMANDS):
            figures[name][str(size)] = _run(url, number)
        drop(url)
    return figures


def _run(url: str, number: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.scale", "--worker", f"command {number}"]
    environment = {**os.environ, "SCALE_DATABASE": url}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(list(COMMANDS)[number], figures, file=sys.stderr, flush=True)
    return figures


def work_commands(number: str) -> None:
    """Run a command, and print what it cost and said."""
    configure(SITE_NAME="My site")
    _send_nowhere()
    from io import StringIO

    from django.core.management import CommandError, call_command
    from django.db import connection

    most = Most()
    said = StringIO()
    before, started = _memory(), time.monotonic()
    with connection.execute_wrapper(most.note):
        try:
            call_command(*list(COMMANDS.values())[int(number)], stdout=said)
        except CommandError as error:
            said.write(str(error))
    told = said.getvalue().strip().splitlines() or [""]
    figures = {"seconds": time.monotonic() - started, "before": before, "memory": _memory()}
    print(most.sql, file=sys.stderr)
    print(
        json.dumps({**figures, "statements": most.statements, "rows": most.rows, "said": told[-1]})
    )


def _send_nowhere() -> None:
    """Send mail as to a server: that of the tests would keep each in memory."""
    from django.conf import settings
    from django.core import mail

    nowhere = "django.core.mail.backends.dummy.EmailBackend"
    if hasattr(mail, "mailers"):  # Django >= 6.1
        settings.MAILERS = {"default": {"BACKEND": nowhere}}
    else:
        settings.EMAIL_BACKEND = nowhere


class Most:
    """The most rows that one statement has touched: each wording is explained some times."""

    #: How often, since a command says the same thousands of times.
    TIMES = 3

    def __init__(self) -> None:
        self.rows, self.sql, self.statements = 0.0, "", 0
        self.known: dict[str, int] = {}

    def note(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        from .plans import plan_of

        self.statements += 1
        self.known[sql] = self.known.get(sql, 0) + 1
        if self.known[sql] <= self.TIMES:
            plan = plan_of(context["connection"], sql, params)
            if plan and plan.rows > self.rows:
                self.rows, self.sql = plan.rows, sql
        return execute(sql, params, many, context)


def _memory() -> int:
    """Return the most memory that this process has had, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
