"""
What a database does for a statement: which tables it reads how, and how many rows it touches.

Each statement is explained on the rows as they are when it runs, by doing it and undoing it, so
that what is told are rows that were read and no estimates.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

#: A table that has no more rows may be read as a whole: it is small, or does not grow with the
#: people, as roles and permissions.
FEW = 2500
#: How many rows one statement may touch: a list of a hundred, and what is read to find those.
MOST = 5000
#: Statements that read no table.
_CONTROL = (
    "BEGIN",
    "SAVEPOINT",
    "RELEASE",
    "ROLLBACK",
    "COMMIT",
    "SET ",
    "ANALYZE",
    "VACUUM",
    "EXPLAIN",
)


@dataclass(frozen=True)
class Read:
    """How one table, or an index of it, is read in the course of a statement."""

    table: str
    #: Whole, in its own order or in that of an index: no value is looked up.
    is_whole: bool
    rows: float
    #: Of those, how many were read for nothing.
    dropped: float
    #: Does something above stop it when there are enough?
    is_limited: bool

    @property
    def objection(self) -> str:
        """Return what is wrong with it, "" for nothing."""
        if self.rows <= FEW:
            return ""
        if self.is_whole and not self.is_limited:
            return f"reads the whole of {self.table}: {self.rows:.0f} rows"
        if self.dropped > (MOST if self.is_limited else FEW) and self.dropped > self.rows / 2:
            return f"reads {self.rows:.0f} rows of {self.table}, {self.dropped:.0f} for nothing"
        return ""


@dataclass
class Plan:
    """A statement, and what was done for it."""

    sql: str
    reads: list[Read]
    #: Pages of 8 kB that were looked at, and milliseconds for plan and work; PostgreSQL tells them.
    buffers: int = 0
    milliseconds: float = 0.0

    @property
    def rows(self) -> float:
        return sum(read.rows for read in self.reads)

    def objections(self) -> Iterator[str]:
        """Yield what is wrong with it."""
        yield from filter(None, (read.objection for read in self.reads))
        if self.rows > MOST:
            yield f"touches {self.rows:.0f} rows"


def plan_of(connection: Any, sql: str, params: Any) -> Plan | None:
    """Do a statement, undo it, and return what was done; None for what reads no table."""
    if sql.startswith(_CONTROL):
        return None
    explain = {"postgresql": _on_postgresql, "mysql": _on_mariadb}[connection.vendor]
    try:
        return explain(connection, sql, params)
    except connection.Database.IntegrityError:
        # So it will be refused where it runs, too.
        return None


# PostgreSQL


def _on_postgresql(connection: Any, sql: str, params: Any) -> Plan:
    connection.ensure_connection()
    with connection.connection.cursor() as cursor:
        begin, undo = ("SAVEPOINT plans", ["ROLLBACK TO SAVEPOINT plans", "RELEASE plans"])
        if not connection.in_atomic_block:
            begin, undo = "BEGIN", ["ROLLBACK"]
        cursor.execute(begin)
        try:
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", params)
            (told,) = cursor.fetchone()[0]
        finally:
            for statement in undo:
                cursor.execute(statement)
    root = told["Plan"]
    buffers = root.get("Shared Hit Blocks", 0) + root.get("Shared Read Blocks", 0)
    spent = told["Planning Time"] + told["Execution Time"]
    return Plan(sql, list(_nodes(root)), buffers, spent)


def _nodes(node: dict[str, Any], *, is_limited: bool = False) -> Iterator[Read]:
    # A sort or a sum asks for all, whatever is above it.
    asks_all = node["Node Type"] in {"Sort", "Aggregate", "Hash", "Materialize", "ModifyTable"}
    below = (is_limited or node["Node Type"] == "Limit") and not asks_all
    for child in node.get("Plans", ()):
        yield from _nodes(child, is_limited=below)
    kind = node["Node Type"]
    if "Relation Name" not in node:
        return
    is_lookup = "Index Cond" in node or kind in {"Bitmap Heap Scan", "Tid Scan"}
    if kind == "ModifyTable":
        return
    dropped = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    rows, dropped = (
        number * node["Actual Loops"] for number in (node["Actual Rows"] + dropped, dropped)
    )
    yield Read(node["Relation Name"], not is_lookup, rows, dropped, is_limited)


# MariaDB


def _on_mariadb(connection: Any, sql: str, params: Any) -> Plan:
    with connection.cursor() as cursor:
        # Inside the connection of Django: without it a statement with parameters has no one form.
        raw = cursor.cursor
        is_atomic = connection.in_atomic_block
        raw.execute("SAVEPOINT plans" if is_atomic else "BEGIN")
        try:
            analyze = "EXPLAIN" if sql.startswith("INSERT") else "ANALYZE"
            raw.execute(f"{analyze} FORMAT=JSON {sql}", params)
            told = json.loads(raw.fetchone()[0])
        finally:
            raw.execute("ROLLBACK TO SAVEPOINT plans" if is_atomic else "ROLLBACK")
    return Plan(sql, list(_tables(told, is_limited="LIMIT" in sql)))


def _tables(told: Any, *, is_limited: bool) -> Iterator[Read]:
    if isinstance(told, list):
        for part in told:
            yield from _tables(part, is_limited=is_limited)
    if not isinstance(told, dict):
        return
    if any(name in told for name in ("filesort", "read_sorted_file", "temporary_table")):
        is_limited = False
    if "access_type" in told and "table_name" in told:
        # A statement that writes is told of without loops, one that is only explained by guesses.
        rows = told.get("r_rows", told.get("rows")) or 0
        rows *= told.get("r_loops", 1) or 0
        kept = told.get("r_filtered", told.get("filtered"))
        dropped = rows * (1 - (100 if kept is None else kept) / 100)
        is_whole = told["access_type"] in {"ALL", "index"}
        yield Read(told["table_name"], is_whole, rows, dropped, is_limited)
    for part in told.values():
        yield from _tables(part, is_limited=is_limited)


# All statements of an act


@dataclass
class Watch:
    """Explains what runs through a connection, each statement of one wording once."""

    #: Where it is explained, if not where it runs.
    on: Any = None
    seen: dict[str, dict[str, Plan]] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)

    @contextmanager
    def act(self, name: str, connection: Any, *, anew: bool = False) -> Iterator[None]:
        """
        Watch what is done meanwhile, under a name.

        ``anew`` explains what was explained before, too: it may be asked about other values.
        """
        plans = self.seen.setdefault(name, {})
        on = self.on or connection

        def explain(
            execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
        ) -> Any:
            if sql not in (plans if anew else self.known):
                self.known.add(sql)
                plan = plan_of(on, sql, params)
                if plan:
                    plans[sql] = plan
            return execute(sql, params, many, context)

        with connection.execute_wrapper(explain):
            yield

    def tolerated(self, tolerated: Mapping[str, str]) -> Iterator[str]:
        """Yield what is tolerated, with the most rows that one statement of it touches."""
        for name, plans in self.seen.items():
            if any(fnmatchcase(name, pattern) for pattern in tolerated) and plans:
                most = max(plans.values(), key=lambda plan: plan.rows)
                if list(most.objections()):
                    yield f"tolerated, {name}: {most.rows:.0f} rows, {most.milliseconds:.0f} ms"

    def objections(self, tolerated: Mapping[str, str]) -> Iterator[str]:
        """Yield what is wrong, but not with the acts whose name a pattern of ``tolerated`` fits."""
        for name, plans in self.seen.items():
            if any(fnmatchcase(name, pattern) for pattern in tolerated):
                continue
            for plan in plans.values():
                for objection in plan.objections():
                    yield f"{name}: {objection}\n    {plan.sql}"
