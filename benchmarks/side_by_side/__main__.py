"""
Measure what people do with this app, beside stock django.contrib.auth and django-allauth.

    python -m benchmarks.side_by_side [--parts requests load start] [--samples 200] [--record]
    python -m benchmarks.side_by_side --check

Each of the three is a process with a project of its own. They do the same in turns, each on a
database that is as it was before every sample, and each answer is looked at: that it is the right
one, and that it did what it says. Counted are statements, those that write, hashes, mails and
Python calls, which do not vary; CPU and wall time are medians, as ratios. Then gunicorn serves
each with two workers, and each is started again and again.

``--check`` is the run for CI: it counts ours alone, with a cheap hasher, and exits with 1 if one
figure is more than what ``figures.json`` keeps. ``--record`` keeps what was measured, there and in
``benchmarks/side_by_side.rst``.

The database is a PostgreSQL if USERACCOUNTS_TEST_DATABASE names one, as
``python -m tests.servers postgresql --`` sets it, else a SQLite file for each.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from ..workers import Worker
from . import KINDS, SCENARIOS
from .record import (
    FIGURES,
    Record,
    about,
    growth,
    load_table,
    start_table,
    tables,
    versions,
)
from .worker import work

PARTS = ("requests", "load", "start")


def main() -> int:
    """Measure, print, and say by the exit code whether a figure of ours has grown."""
    options = _options()
    if options.check:
        return _check(Record.read(options.figures), options.only)
    record = Record()
    parts = {"requests": _requests, "load": _load, "start": _start}
    for part in options.parts:
        print(parts[part](record, options), flush=True)
    if options.record:
        Record.read().updated(record).write()
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).strip().split("\n\n")[0])
    parser.add_argument("--samples", type=int, default=200, help="of each request")
    parser.add_argument("--hashed", type=int, default=200, help="of one that hashes a password")
    parser.add_argument("--rounds", type=int, default=30, help="under load, and of starts")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--only", nargs="+", choices=SCENARIOS, default=list(SCENARIOS))
    parser.add_argument("--figures", type=Path, default=FIGURES)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true")
    mode.add_argument("--record", action="store_true")
    options = parser.parse_args()
    if options.record and options.only != list(SCENARIOS):
        parser.error("What is recorded is one run of everything.")
    return options


def _check(record: Record, scenarios: Sequence[str]) -> int:
    with _workers(["ours"], hasher="cheap") as (workers, _urls, _database):
        figures = {scenario: _measure(scenario, workers) for scenario in scenarios}
    grown = list(growth(record.kept_for(versions()), figures))
    print("\n".join(grown) or "Nothing costs more than it did.")
    return int(bool(grown))


def _requests(record: Record, options: argparse.Namespace) -> str:
    # Where nothing is timed, the hashes need not be dear.
    hasher = "full" if options.samples else "cheap"
    with _workers(list(KINDS), hasher=hasher) as (workers, _urls, database):
        figures = {
            scenario: _measure(scenario, workers, options.samples, options.hashed)
            for scenario in options.only
        }
    record.runs[database.split(maxsplit=1)[0]] = {
        "about": about(
            "all three on one of them",
            database,
            f"{options.samples} samples, {options.hashed} where a password is hashed",
        ),
        "figures": figures,
    }
    record.set_gates(figures)
    return tables(figures)


def _load(record: Record, options: argparse.Namespace) -> str:
    from .load import measure

    with _workers(list(KINDS), hasher="full") as (workers, urls, database):
        figures = measure(workers, urls, options.rounds)
    facts = about(f"{options.rounds} rounds", database)
    record.loads[database.split(maxsplit=1)[0]] = {"about": facts, "figures": figures}
    return load_table(figures)


def _start(record: Record, options: argparse.Namespace) -> str:
    from .startup import measure

    figures = measure(options.rounds)
    record.starts = {"about": about(f"{options.rounds} starts"), "figures": figures}
    return start_table(figures)


def _measure(
    scenario: str, workers: Mapping[str, Worker], samples: int = 0, hashed: int = 0
) -> dict[str, dict[str, Any]]:
    """Return the figures of each project that has the scenario."""
    print(SCENARIOS[scenario], file=sys.stderr, flush=True)
    counted = {kind: worker.ask(f"begin {scenario}") for kind, worker in workers.items()}
    figures = {kind: counts for kind, counts in counted.items() if counts}
    taken: dict[str, list[dict[str, float]]] = {kind: [] for kind in figures}
    if any(counts["hashes"] for counts in figures.values()):
        samples = hashed
    turns = list(figures)
    for _sample in range(samples):
        for kind in turns:
            taken[kind].append(workers[kind].ask("time"))
        # Nobody comes always after the same one, who leaves the core as he likes it.
        turns.append(turns.pop(0))
    if samples:
        for kind, times in taken.items():
            figures[kind].update(_medians(times))
    return figures


def _medians(times: Sequence[Mapping[str, float]]) -> dict[str, float]:
    found = {name: median(one[name] for one in times) for name in ("cpu", "wall")}
    if all(one["hash"] for one in times):
        # Beside the hash of the same sample: the moods of the machine meet both.
        found["hashes_cpu"] = median(one["cpu"] / one["hash"] for one in times)
    return found


@contextmanager
def _workers(
    kinds: Sequence[str], *, hasher: str
) -> Iterator[tuple[dict[str, Worker], dict[str, str], str]]:
    with _databases(kinds) as (urls, database):
        workers: dict[str, Worker] = {}
        try:
            for kind in kinds:
                environment = {"BENCHMARK_DATABASE": urls[kind], "BENCHMARK_HASHER": hasher}
                workers[kind] = Worker("benchmarks.side_by_side", kind, environment)
            yield workers, urls, database
        finally:
            for worker in workers.values():
                worker.stop()


@contextmanager
def _databases(kinds: Sequence[str]) -> Iterator[tuple[dict[str, str], str]]:
    """Make an empty database for each, and yield their URLs and what they are."""
    url = os.environ.get("USERACCOUNTS_TEST_DATABASE")
    if url:
        yield _databases_of_a_server(url, kinds)
    else:
        import sqlite3

        with tempfile.TemporaryDirectory(prefix="side-by-side-") as folder:
            urls = {kind: f"sqlite://{folder}/{kind}.sqlite3" for kind in kinds}
            yield urls, f"SQLite {sqlite3.sqlite_version}"


def _databases_of_a_server(url: str, kinds: Sequence[str]) -> tuple[dict[str, str], str]:
    import psycopg

    urls = {}
    with psycopg.connect(url, autocommit=True) as connection:
        for kind in kinds:
            name = f"side_by_side_{kind}"
            connection.execute(f"DROP DATABASE IF EXISTS {name}")
            connection.execute(f"CREATE DATABASE {name}")
            urls[kind] = urlsplit(url)._replace(path=f"/{name}").geturl()
        version = connection.info.server_version // 10000
    return urls, f"PostgreSQL {version}"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        work(sys.argv[2])
    else:
        sys.exit(main())
