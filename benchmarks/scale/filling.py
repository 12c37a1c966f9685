"""Fill an empty database with people, and have it know how many there are."""

import sys
import time
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection
from django.utils import timezone

from .dialects import words_of
from .population import Population, Rows

#: How many people one statement makes rows of.
PORTION = 250_000


def fill(number: int, *, tell: Callable[[str], object] = lambda _line: None) -> None:
    """
    Make the rows of so many people, with keys from 1, by what the database can count itself.

    The tables have to be empty. Constraints between tables are not looked at meanwhile: a
    connection of its own for that would be better left, so this one is closed afterwards.
    """
    words = words_of(connection, timezone.now().replace(microsecond=0))
    population = Population(words, number)
    population.make_the_few()
    started = time.monotonic()
    try:
        with connection.cursor() as cursor:
            for statement in words.start:
                cursor.execute(statement)
            for model, lots in groupby(population.rows(), key=lambda rows: rows.model):
                for rows in lots:
                    _make(cursor, rows, words, number)
                tell(f"{model._meta.db_table}: {time.monotonic() - started:.0f} s")
            _count_on(cursor)
            _look(cursor)
    finally:
        connection.close()
    tell(f"filled and analysed in {time.monotonic() - started:.0f} s")


def _make(cursor: Any, rows: Rows, words: Any, number: int) -> None:
    for first, last in portions(number):
        # Without parameters: a percent sign would be one.
        cursor.execute(rows.statement(words, first, last), None)


def portions(number: int) -> Iterator[tuple[int, int]]:
    """Yield the first and the last number of each portion."""
    for first in range(1, number + 1, PORTION):
        yield first, min(first + PORTION - 1, number)


def _count_on(cursor: Any) -> None:
    """Have the next key of each table be one that no row has."""
    for statement in connection.ops.sequence_reset_sql(no_style(), apps.get_models()):
        cursor.execute(statement)


def _look(cursor: Any) -> None:
    """Have the database look at what it holds, as it does by itself in time."""
    if connection.vendor == "postgresql":
        # An index alone answers only for pages that are known to be seen by all.
        cursor.execute("VACUUM ANALYZE")
    elif connection.vendor == "mysql":
        names = ", ".join(connection.ops.quote_name(name) for name in tables())
        cursor.execute(f"ANALYZE TABLE {names}")
        cursor.fetchall()
    else:
        cursor.execute("ANALYZE")


def tables() -> list[str]:
    return connection.introspection.django_table_names(only_existing=True)


def told(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
