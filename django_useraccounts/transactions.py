"""What a database undoes because of another transaction is done once more."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import (
    DatabaseError,
    Error,
    IntegrityError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    transaction,
)

T = TypeVar("T")

#: How often something is begun before its error is final.
ATTEMPTS = 3
#: Seconds that are waited at most before the second attempt; before the third, twice as many.
PAUSE = 0.05

#: PostgreSQL: serialization_failure, deadlock_detected. MariaDB: ER_CHECKREAD, ER_LOCK_DEADLOCK.
#: SQLite: SQLITE_BUSY_SNAPSHOT. Each says: rolled back, try again.
_UNDONE = {"40001", "40P01", 1020, 1213, 517}
#: PostgreSQL: foreign_key_violation. MariaDB: ER_NO_REFERENCED_ROW_2, and ER_ROW_IS_REFERENCED_2.
#: SQLite: SQLITE_CONSTRAINT_FOREIGNKEY. Each says: what a row was to point at has gone since it was
#: read, or what was to go is pointed at since then.
_VANISHED = {"23503", 1452, 1451, 787}


def repeat_undone(act: Callable[[], T], *, restore: Callable[[], None]) -> T:
    """
    Do ``act``, and again when the database undoes its transaction in favour of another one.

    That happens whatever the order in which locks are taken: InnoDB lets two that insert the same
    unique key wait for each other, and then ends one. And it happens when a row that was read, such
    as an account or an address, is deleted before something is written about it: the next try does
    not find it. ``restore`` puts back, before the next try, what the last one has changed in
    memory. Two that have undone each other wait for different times, lest they meet again. Inside a
    transaction of the caller the error goes up, since only the whole can be done again.
    """
    for number in range(1, ATTEMPTS):
        try:
            return act()
        except DatabaseError as error:
            may_be_repeated = is_undone(error) or has_vanished(error)
            if transaction.get_connection().in_atomic_block or not may_be_repeated:
                raise
            time.sleep(random.uniform(0, PAUSE * number))  # noqa: S311 - no secret
            restore()
    return act()


def is_undone(error: DatabaseError) -> bool:
    """Say whether the error means a transaction that may be tried again, as against an outage."""
    return isinstance(error, OperationalError) and not _UNDONE.isdisjoint(_codes(error))


def has_vanished(error: DatabaseError) -> bool:
    """Say whether the error means that a row was deleted between its reading and a writing."""
    if isinstance(error, IntegrityError):
        return not _VANISHED.isdisjoint(_codes(error))
    # By Django itself, of a row that was to be updated: a class of its own from Django 6.0 on.
    is_of_django = error.__cause__ is None and not isinstance(error, ProgrammingError)
    return is_of_django and not isinstance(error, OperationalError)


def is_outage(error: Exception) -> bool:
    """
    Say whether the error is one of a database that answers nobody now, for who does many things.

    What it refuses to one of them, after a wait for a lock, or since it is too large, looks the
    same, and is no reason to let the others wait. So the database is asked.
    """
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    connection = transaction.get_connection()
    try:
        if not connection.in_atomic_block:
            # Such an error may cost the connection, and not the database.
            connection.close_if_unusable_or_obsolete()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return True
    return False


def _codes(error: DatabaseError) -> set[object]:
    """Return by what numbers the drivers call an error."""
    cause = error.__cause__
    return {
        getattr(cause, "sqlstate", None),  # psycopg
        getattr(cause, "pgcode", None),  # psycopg2
        getattr(cause, "sqlite_errorcode", None),
        next(iter(error.args), None),  # mysqlclient
    }
