"""
``python -m tests.races --repeats 200``: race every pair of acts so often, on each database.

It starts the servers, prints a table, and fails when anything went wrong. ``--acts log_in`` races
only pairs that begin with such an act, ``--part 3/10`` the third of ten parts of the pairs, and
``--databases postgresql`` only there. ``--named`` has pytest repeat the races of ``tests/attacks``
instead, each of which has a name, and a test of its own.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Any

DATABASES = ["sqlite", "postgresql", "mariadb"]
HEAD = ("database", "pairs", "races", "5xx", "broken", "in no order", "ms for a race", "seconds")


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.races", description=__doc__)
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES[1:])
    parser.add_argument("--acts", default="", help="a word in the name of the first act")
    parser.add_argument("--part", default="1/1", type=part, help="such as 3/10")
    parser.add_argument("--workers", default="auto")
    parser.add_argument("--named", action="store_true", help="those of tests/attacks instead")
    options = parser.parse_args(arguments)
    if options.named:
        return max(race_named_on(database, options) for database in options.databases)
    rows, faults = [], []
    for database in options.databases:
        started = monotonic()
        tallies = race_on(database, options)
        rows.append(row_of(database, tallies, monotonic() - started))
        faults += [f"{database}: {words}" for tally in tallies for words in faults_of(tally)]
    print(table(rows), *faults, sep="\n")
    return bool(faults) or not all(row[1] for row in rows)


def part(text: str) -> str:
    """Refuse what is no part of a whole."""
    number, parts = map(int, text.split("/"))
    if not 1 <= number <= parts:
        raise ValueError
    return text


def race_named_on(database: str, options: argparse.Namespace) -> int:
    """Have pytest run each named race so often; return its code."""
    environment = {**os.environ, "USERACCOUNTS_RACE_REPEATS": str(options.repeats)}
    command = pytest_on(database, "-n", options.workers, "tests/attacks", "-k", "races")
    print(database, flush=True)
    return subprocess.run(command, env=environment, check=False).returncode


def pytest_on(database: str, *arguments: str) -> list[str]:
    """Return the command that runs pytest beside a database."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=no"]
    beside = [] if database == "sqlite" else [sys.executable, "-m", "tests.servers", database, "--"]
    return [*beside, *command, *arguments]


def race_on(database: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Race on one database, in processes of their own; return what they have written down."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "races.jsonl"
        environment = {
            **os.environ,
            "USERACCOUNTS_MATRIX_REPEATS": str(options.repeats),
            "USERACCOUNTS_MATRIX_PART": options.part,
            "USERACCOUNTS_MATRIX_LOG": str(log),
        }
        chosen = f"one_after_the_other and {options.acts or 'one'}"
        command = pytest_on(database, "-n", options.workers, "tests/races", "-k", chosen)
        subprocess.run(command, env=environment, check=False)
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def row_of(database: str, tallies: list[dict[str, Any]], seconds: float) -> tuple[Any, ...]:
    counts = (
        sum(len(tally[name]) for tally in tallies) for name in ("errors", "broken", "unordered")
    )
    races = sum(tally["races"] for tally in tallies)
    each = 1000 * sum(tally["seconds"] for tally in tallies) / max(races, 1)
    return (database, len(tallies), races, *counts, round(each), round(seconds))


def faults_of(tally: dict[str, Any]) -> list[str]:
    found = [*tally["errors"], *tally["broken"], *tally["unordered"]]
    return [f"{' × '.join(tally['pair'])}: {words}" for words in found]


def table(rows: list[tuple[Any, ...]]) -> str:
    lines = [HEAD, tuple("---" for _ in HEAD), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
