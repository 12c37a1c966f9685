"""Rows of tables that grow, some at a time: no statement reads more of them than it is to find."""

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet

if TYPE_CHECKING:
    Rows = QuerySet[Any]
else:
    Rows = QuerySet

#: How many rows are looked through together where no index finds those that are wanted.
WINDOW = 10_000


def keys_in_order(rows: Rows, batch: int) -> Iterator[Any]:
    """Yield the keys of the rows as they were at the beginning of each batch, in order."""
    after = rows
    while keys := list(_keys(after)[:batch]):
        yield from keys
        after = rows.filter(pk__gt=keys[-1])


def keys_by_window(rows: Rows, *, window: int = WINDOW) -> Iterator[Any]:
    """
    Yield the keys of the rows in order, where no index finds them among all of the table.

    The table is looked through from one end to the other, by so many rows in a statement.
    """
    every = _keys(rows.model._base_manager.using(rows.db).all())
    here, after = rows, every
    while (end := next(iter(after[window - 1 : window]), None)) is not None:
        yield from list(_keys(here.filter(pk__lte=end)))
        here, after = rows.filter(pk__gt=end), every.filter(pk__gt=end)
    yield from list(_keys(here))


def batches(rows: Rows, *, batch: int, after: object = None) -> Iterator[list[Any]]:
    """
    Yield the rows in the order of their keys, so many in a list, from behind the key ``after`` on.

    Not by a cursor: MariaDB's client would hold all rows of one, and PostgreSQL's ends with the
    transaction.
    """
    left = rows if after is None else rows.filter(pk__gt=after)
    while some := list(left.order_by("pk")[:batch]):
        yield some
        if len(some) < batch:
            return
        left = rows.filter(pk__gt=some[-1].pk)


def in_batches(rows: Rows, *, batch: int) -> Iterator[Any]:
    """Yield the rows in the order of their keys, and hold no more than a batch of them."""
    return chain.from_iterable(batches(rows, batch=batch))


def _keys(rows: Rows) -> Rows:
    return rows.order_by("pk").values_list("pk", flat=True)
