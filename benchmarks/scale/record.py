"""What was measured at which size: figures that are kept, and tables to read."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from textwrap import fill
from typing import Any

from ..side_by_side.record import machine
from .sizes import SCENARIOS

FIGURES = Path(__file__).parent / "figures.json"
PAGE = Path(__file__).parents[1] / "scale.rst"


@dataclass
class Record:
    """The last run of each part: what it was made with, and its figures."""

    sizes: dict[str, Any] = field(default_factory=dict)
    commands: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls) -> "Record":
        kept = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
        return cls(**{name.name: kept.get(name.name, {}) for name in fields(cls)})

    def write(self) -> None:
        """Keep everything, in figures and for reading."""
        FIGURES.write_text(json.dumps(asdict(self), indent=1) + "\n")
        PAGE.write_text(page(self))

    def tables(self) -> list[str]:
        """Return what was measured, as text."""
        parts = ((self.sizes, _of_sizes), (self.commands, _of_commands))
        return [f"{part['about']}\n\n{show(part['figures'])}" for part, show in parts if part]


def about(*facts: str) -> str:
    """Say when, where and with what a run was made."""
    import psycopg

    with psycopg.connect(os.environ["USERACCOUNTS_TEST_DATABASE"]) as connection:
        number = connection.info.server_version
    server = f"PostgreSQL {number // 10000}.{number % 10000} as shipped, beside it on the machine"
    return fill(machine(server, *facts), 100)


_HEAD = """A site of any number of people
==============================

What ``python -m benchmarks.scale --record`` has measured; `README.rst <README.rst>`__ tells what is
asked, and how.

Requests
--------

The statements of each request on sites of different sizes, which were asked in turns on one server.
Buffers are the pages of 8 kB that all of them read, in memory or not; rows are the most that one of
them touched. The time is what the process of the server worked for a request, the median of all
samples, without the commit; in brackets by that at the smallest size.

"""
_COMMANDS = """
Commands
--------

What cron runs, each once on a copy of the database. Rows are the most that one statement touched,
as far as that was looked at: three times for each wording. Memory is the most that the process has
had, in brackets how much more than before the command.

"""


def page(record: Record) -> str:
    """Return ``benchmarks/scale.rst``."""
    sizes, *commands = record.tables()
    return _HEAD + sizes + "".join(f"\n{_COMMANDS}{table}" for table in commands) + "\n"


def _of_sizes(figures: Mapping[str, Mapping[str, Any]]) -> str:
    sizes = list(next(iter(figures.values())))
    head = ["\\", "statements", *(f"buffers, {_short(size)}" for size in sizes)]
    head += ["rows", *(f"ms, {_short(size)}" for size in sizes)]
    return _table(head, list(_lines_of_sizes(figures)))


def _lines_of_sizes(figures: Mapping[str, Mapping[str, Any]]) -> Iterator[list[str]]:
    for name, by_size in figures.items():
        costs = list(by_size.values())
        first = costs[0]["milliseconds"]
        yield [
            SCENARIOS[name],
            str(costs[-1]["statements"]),
            *(str(cost["buffers"]) for cost in costs),
            f"{costs[-1]['rows']:.0f}",
            f"{first:.2f}",
            *(_beside(cost["milliseconds"], first) for cost in costs[1:]),
        ]


def _beside(one: float, other: float) -> str:
    return f"{one:.2f} ({one / other:.2f})" if other else f"{one:.2f}"


def _of_commands(figures: Mapping[str, Mapping[str, Any]]) -> str:
    head = ["\\", "people", "seconds", "statements", "rows", "memory", "said"]
    lines = [
        [
            name if place == 0 else "\\",
            _short(size),
            f"{cost['seconds']:.0f}",
            str(cost["statements"]),
            f"{cost['rows']:.0f}",
            f"{cost['memory'] // 1024} MiB (+{(cost['memory'] - cost['before']) // 1024})",
            cost["said"] if len(cost["said"]) < 60 else cost["said"][:57] + "…",
        ]
        for name, by_size in figures.items()
        for place, (size, cost) in enumerate(by_size.items())
    ]
    return _table(head, lines)


def _short(size: str) -> str:
    return f"{int(size):,}"


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(head, *lines, strict=True)]
    rule = "  ".join("=" * width for width in widths)
    rows = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in (head, *lines)
    ]
    return "\n".join([rule, rows[0], rule, *rows[1:], rule])
