"""Counts the threads that async code waits for."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from asgiref.sync import SyncToAsync


@contextmanager
def counted() -> Iterator[list[str]]:
    """Write down what is done in a thread while an event loop waits: the names of the functions."""
    hops: list[str] = []
    before = SyncToAsync.__call__

    async def noting(self: Any, *args: Any, **kwargs: Any) -> Any:
        name = getattr(self.func, "func", self.func)
        hops.append(getattr(name, "__qualname__", type(name).__qualname__))
        return await before(self, *args, **kwargs)

    SyncToAsync.__call__ = noting  # type: ignore[method-assign]
    try:
        yield hops
    finally:
        SyncToAsync.__call__ = before  # type: ignore[method-assign]
