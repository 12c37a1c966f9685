"""Who is what on the site, and rows that a database makes by itself of all of whom that is true."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models

from .dialects import Words

#: The seconds of a day.
DAY = 86_400


# Who is what. A prime for each, so that they meet in all ways.
UNPROVED = "MOD(n, 20) = 0"
PROVED = "MOD(n, 20) <> 0"
OFF = "MOD(n, 101) = 1"
CLOSED = "MOD(n, 211) = 2"
#: Closed, and to be erased by now.
DUE = "MOD(n, 4001) = 3"
HERE = f"NOT ({OFF} OR {CLOSED} OR {DUE}) AND {PROVED}"
#: Never confirmed, for longer than that is waited for.
FORGOTTEN = "MOD(n, 2000) = 0"
#: Whose claim beside others is older than that.
OVERDUE = "MOD(n, 1000) = 3"
CHANGED_PASSWORD = f"{HERE} AND MOD(n, 7) = 2"


def within(seconds: int) -> str:
    """Return a number below that, spread: by a prime beyond the seconds of a day."""
    return f"MOD(n * 104729, {seconds})"


def choose(values: Sequence[str], *, of: int = 1) -> str:
    """Return one of some expressions, another one for each ``of`` people."""
    number = "n" if of == 1 else f"(n - MOD(n, {of})) / {of}"
    cases = " ".join(f"WHEN {place} THEN {value}" for place, value in enumerate(values[1:], 1))
    return f"CASE MOD({number}, {len(values)}) {cases} ELSE {values[0]} END"


@dataclass(frozen=True)
class Rows:
    """Rows of a table: one for each person of whom ``of`` is true."""

    model: Any
    columns: Mapping[str, str]
    of: str = "TRUE"

    def statement(self, words: Words, first: int, last: int) -> str:
        """Return what makes those of the people with these numbers; the rest is as by default."""
        quote = words.connection.ops.quote_name
        values = {quote(field.column): value for field, value in self._values(words)}
        names, chosen = ", ".join(values), ", ".join(values.values())
        table, numbers = quote(self.model._meta.db_table), words.series(first, last)
        return f"INSERT INTO {table} ({names}) SELECT {chosen} FROM {numbers} WHERE {self.of}"

    def _values(self, words: Words) -> Iterator[tuple[Any, str]]:
        given = dict(self.columns)
        for column in self.model._meta.concrete_fields:
            if column.attname in given:
                yield column, given.pop(column.attname)
            elif not isinstance(column, models.AutoField) and not column.null:
                value = (
                    words.now if isinstance(column, models.DateTimeField) else column.get_default()
                )
                yield column, words.literal(value, column)
        if given:
            raise ValueError(f"{self.model.__name__} has no {', '.join(given)}")
