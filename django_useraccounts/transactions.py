"""What a database undoes for the sake of another transaction is done once more."""

from collections.abc import Callable
from typing import TypeVar

from django.db import OperationalError, transaction

T = TypeVar("T")

#: How often something is begun before its error is final.
ATTEMPTS = 3

#: PostgreSQL: serialization_failure, deadlock_detected. MariaDB: ER_CHECKREAD, ER_LOCK_DEADLOCK.
#: SQLite: SQLITE_BUSY_SNAPSHOT. Each says: rolled back, try again.
_UNDONE = {"40001", "40P01", 1020, 1213, 517}


def repeat_undone(act: Callable[[], T], *, restore: Callable[[], None]) -> T:
    """
    Do ``act``, and again when the database undoes its transaction in favour of another one.

    That happens whatever the order in which locks are taken: InnoDB lets two that insert the same
    unique key wait for each other, and then ends one. ``restore`` puts back, before the next try,
    what the last one has changed in memory. Inside a transaction of the caller the error goes up,
    since only the whole can be done again.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return act()
        except OperationalError as error:
            if transaction.get_connection().in_atomic_block or not is_undone(error):
                raise
            restore()
    return act()


def is_undone(error: OperationalError) -> bool:
    """Say whether the error means a transaction that may be tried again, as against an outage."""
    cause = error.__cause__
    codes = {
        getattr(cause, "sqlstate", None),  # psycopg
        getattr(cause, "pgcode", None),  # psycopg2
        getattr(cause, "sqlite_errorcode", None),
        next(iter(error.args), None),  # mysqlclient
    }
    return not _UNDONE.isdisjoint(codes)
