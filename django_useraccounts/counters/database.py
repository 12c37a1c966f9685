"""Counters that are rows: one statement counts all of an attempt."""

import time
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connections, router

from ..models import AttemptCounter
from .windows import CLOCKS_DIFFER, Count, Window


class DatabaseCounters:
    """Counters that are rows. A window begins with the first attempt in it."""

    def count(self, windows: Sequence[Window]) -> list[Count]:
        """Count in one statement, so that nobody slips in between reading and writing."""
        if not windows:
            return []
        now = int(time.time())
        by_key = {window.key: window for window in windows}
        connection = connections[router.db_for_write(AttemptCounter)]
        names = _Names(connection)
        # A window is over when its end has passed, and also when its end lies far ahead of a new
        # one's: then the clock was set back, and waiting for it would lock people out. Not so for
        # seconds: another process has just read its clock before ours.
        over = f"{names.ends_at} <= %s OR {names.ends_at} > {names.new_end} + {CLOCKS_DIFFER}"
        refusing = [window for window in windows if window.refuses]
        # Without a comparison between columns: MariaDB would find their collations at odds.
        is_used_up = " OR ".join(
            [f"({names.key} = %s AND {names.attempts} >= %s AND {names.ends_at} BETWEEN %s AND %s)"]
            * len(refusing)
        )
        fresh = " UNION ALL ".join(["SELECT %s AS k, %s AS e"] * len(windows))
        sql = (
            f"INSERT INTO {names.table} ({', '.join(names.columns)}) "  # noqa: S608 (names only)
            f"WITH used_up AS (SELECT {names.key} AS k, {names.ends_at} AS e FROM {names.table} "
            f"WHERE {is_used_up or '1 = 0'}) "
            f"SELECT k, 1, e FROM ({fresh}) AS fresh WHERE NOT EXISTS (SELECT 1 FROM used_up) "
            # Rows are locked in the order of their keys, so that two never wait for each other.
            f"UNION ALL SELECT k, 1, e FROM used_up ORDER BY 1 {names.clash} "
            # MariaDB assigns from left to right: attempts has to be told before the end changes.
            f"{names.columns[1]} = CASE WHEN {over} THEN 1 ELSE {names.attempts} + 1 END, "
            f"{names.columns[2]} = CASE WHEN {over} THEN {names.new_end} ELSE {names.ends_at} END "
            f"RETURNING {', '.join(names.columns)}"
        )
        params: list[str | int] = []
        for window in refusing:
            latest = now + window.seconds + CLOCKS_DIFFER
            params += [window.key, window.attempts, now + 1, latest]
        for window in windows:
            params += [window.key, now + window.seconds]
        with connection.cursor() as cursor:
            cursor.execute(sql, [*params, now, now])
            rows = cursor.fetchall()
        return [
            Count(by_key[key], int(attempts), int(end), int(end) - now)
            for key, attempts, end in rows
        ]

    def forgive(self, counts: Iterable[Count]) -> None:
        """Take an attempt back in one statement."""
        rows = sorted((count.window.key, 0, int(count.window.is_own)) for count in counts)
        if not rows:
            return
        connection = connections[router.db_for_write(AttemptCounter)]
        names = _Names(connection)
        # The end that is inserted tells what to do with the row that is there.
        sql = (
            f"INSERT INTO {names.table} ({', '.join(names.columns)}) "  # noqa: S608 (names only)
            f"VALUES {', '.join(['(%s, %s, %s)'] * len(rows))} {names.clash} "
            f"{names.columns[1]} = CASE WHEN {names.new_end} = 1 OR {names.attempts} = 0 THEN 0 "
            f"ELSE {names.attempts} - 1 END"
        )
        with connection.cursor() as cursor:
            cursor.execute(sql, [value for row in rows for value in row])


class _Names:
    """The words of a statement that inserts counters, or changes those that are there."""

    def __init__(self, connection: Any) -> None:
        quote = connection.ops.quote_name
        self.table = quote(AttemptCounter._meta.db_table)
        self.columns = [quote(name) for name in ("key", "attempts", "ends_at")]
        self.key, self.attempts, self.ends_at = (f"{self.table}.{name}" for name in self.columns)
        if connection.vendor == "mysql":
            self.clash, self.new_end = "ON DUPLICATE KEY UPDATE", f"VALUES({self.columns[2]})"
        else:
            self.clash = f"ON CONFLICT ({self.columns[0]}) DO UPDATE SET"
            self.new_end = f"EXCLUDED.{self.columns[2]}"
