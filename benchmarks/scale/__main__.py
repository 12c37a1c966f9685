"""
See what a site of any number of people asks its database, and what that costs.

    python -m benchmarks.scale --plans 100000
    python -m benchmarks.scale --sizes 1000 100000 2000000 [--samples 40] [--record]
    python -m benchmarks.scale --commands 100000 2000000 [--record]

``--plans`` opens every page, list and filter, does every flow, and exits with 1 if a statement
reads the whole of a table that grows, or more rows than it needs. ``--sizes`` measures what people
do in databases of these sizes, in turns. ``--commands`` runs what cron runs, on copies.

The server is the one that USERACCOUNTS_TEST_DATABASE names, as ``python -m tests.servers`` sets it:
PostgreSQL, or for ``--plans`` also MariaDB. Databases that were filled are kept there, and used
again.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from .commands import measure_commands, work_commands
from .databases import configure, database_of, small_database, worker
from .record import PAGE, Record, about
from .sizes import measure, work_sizes


def main() -> int:
    """Do what is asked, print it, and say by the exit code whether all is well."""
    options = _options()
    if options.plans:
        return _plans(options.plans)
    record = Record.read()
    if options.sizes:
        record.sizes = {"about": about(f"{options.samples} samples")}
        record.sizes["figures"] = measure(options.sizes, options.samples)
    if options.commands:
        record.commands = {"about": about()}
        record.commands["figures"] = measure_commands(options.commands)
    if options.record:
        record.write()
        print(f"Written to {PAGE.relative_to(Path.cwd())}.")
    print("\n\n".join(record.tables()))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).strip().split("\n\n")[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--plans", type=int, metavar="PEOPLE")
    what.add_argument("--sizes", type=int, nargs="+", metavar="PEOPLE")
    what.add_argument("--commands", type=int, nargs="+", metavar="PEOPLE")
    parser.add_argument("--samples", type=int, default=40, help="of each request")
    parser.add_argument("--record", action="store_true")
    return parser.parse_args()


def _plans(people: int) -> int:
    filled = database_of(people)
    parts = (("pages", filled), ("flows", small_database()))
    codes = [
        worker(task, SCALE_DATABASE=url, SCALE_FILLED=filled).returncode for task, url in parts
    ]
    return int(any(codes))


def work(task: str) -> int:
    """Do a part of the work in a process with a database of its own."""
    what, _space, rest = task.partition(" ")
    parts: Any = {
        "fill": _fill,
        "pages": _pages,
        "flows": _flows,
        "sizes": work_sizes,
        "command": work_commands,
    }
    return int(parts[what](*rest.split()) or 0)


def _fill(number: str) -> None:
    configure()
    from django.core.management import call_command

    from .filling import fill, told

    call_command("migrate", verbosity=0)
    fill(int(number), tell=told)


def _pages() -> int:
    from .rules import ROOMS

    configure(**ROOMS)
    from .plans import Watch
    from .walk import walk

    watch = Watch()
    walk(watch)
    return _tell(watch)


def _flows() -> int:
    configure()
    from django.core.management import call_command
    from django.db import connections

    from testproject.test_settings import database

    from .flows import walk_flows
    from .plans import Watch

    call_command("migrate", verbosity=0)
    filled = {"default": database(os.environ["SCALE_FILLED"])}
    connections.settings["filled"] = connections.configure_settings(filled)["default"]
    watch = Watch(on=connections["filled"])
    walk_flows(watch)
    return _tell(watch)


def _tell(watch: Any) -> int:
    from .rules import TOLERATED

    objections = list(watch.objections(TOLERATED))
    statements = sum(map(len, watch.seen.values()))
    print("\n".join([*watch.tolerated(TOLERATED), *objections]))
    print(f"{len(watch.seen)} acts, {statements} statements, {len(objections)} objections")
    return int(bool(objections))


if __name__ == "__main__":
    sys.exit(work(sys.argv[2]) if sys.argv[1:2] == ["--worker"] else main())
