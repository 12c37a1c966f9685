"""What a request says to the database, and what is said beside it by a thread that carries mail."""

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.backends.signals import connection_created

_CONTROL = ("BEGIN", "SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK", "SET ")
_WRITES = ("INSERT ", "UPDATE ", "DELETE ")


class Statements:
    """Those of the request, and those of other threads of the process; transactions apart."""

    def __init__(self) -> None:
        self.of_request: list[str] = []
        self.beside: list[str] = []

    @property
    def writes(self) -> int:
        return sum(is_write(sql) for sql in self.of_request)

    def written(self, tables: Collection[str]) -> list[str]:
        """Return those of the tables that a writing statement names."""
        texts = [sql for sql in self.of_request + self.beside if is_write(sql)]
        names = {name: connection.ops.quote_name(name) for name in tables}
        return [name for name, quoted in names.items() if any(quoted in sql for sql in texts)]


def is_write(sql: str) -> bool:
    """Say whether a statement writes, also by a common table expression."""
    if sql.startswith("WITH "):
        return any(verb in sql for verb in _WRITES)
    return sql.startswith(_WRITES)


@contextmanager
def recorded() -> Iterator[Statements]:
    """Record the statements of this thread, and of all connections that others open meanwhile."""
    statements = Statements()
    others: list[list[Any]] = []

    def listen(sender: object, connection: Any, **kwargs: object) -> None:
        if threading.current_thread() is not threading.main_thread():
            connection.execute_wrappers.append(_recorder(statements.beside))
            others.append(connection.execute_wrappers)

    connection_created.connect(listen)
    try:
        with connection.execute_wrapper(_recorder(statements.of_request)):
            yield statements
    finally:
        connection_created.disconnect(listen)
        for wrappers in others:
            wrappers.clear()


def _recorder(record: list[str]) -> Callable[..., Any]:
    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.startswith(_CONTROL):
            record.append(sql)
        return execute(sql, params, many, context)

    return note
