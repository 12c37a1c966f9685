"""
Stop one act before its first transaction, do another one whole, and let the first go on.

So is forced, each time, what a race meets once in a thousand: that all guards have been passed by
what was true then, and is not any more when something is written. No lock is held at that moment.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from itertools import count
from typing import Any

from django.core.signals import request_started
from django.db.transaction import Atomic, get_connection

from tests.attacks.races import PATIENCE

#: By which a request tells the thread of the server that it is the one to be stopped.
HEADER = "X-Race-Stop"

_here = threading.local()
_stops: "dict[str, Stop]" = {}
_numbers = count(1)


class Stop:
    """One act that is to be stopped before its transaction of a number."""

    def __init__(self, number: int) -> None:
        self.key, self.number, self.seen = str(next(_numbers)), number, 0
        self.is_reached, self.go_on = threading.Event(), threading.Event()
        #: Whether there was such a transaction at all.
        self.has_stopped = False

    def pass_by(self) -> None:
        """Wait here, if this is the transaction."""
        self.seen += 1
        if self.seen == self.number:
            self.has_stopped = True
            self.is_reached.set()
            self.go_on.wait(PATIENCE)


def headers() -> Mapping[str, str]:
    """Return what a browser sends along, for the act that this thread does."""
    stop = getattr(_here, "stop", None)
    return {HEADER: stop.key} if stop else {}


@contextmanager
def suspense() -> Iterator[None]:
    """Have transactions ask whether they are the one to wait, in this process."""
    enter = Atomic.__enter__

    def entering(self: Atomic) -> None:
        stop = getattr(_here, "stop", None)
        if stop and not get_connection(self.using).in_atomic_block:
            stop.pass_by()
        enter(self)

    def note(*, environ: Mapping[str, Any], **kwargs: object) -> None:
        _here.stop = _stops.get(environ.get("HTTP_X_RACE_STOP", ""))

    request_started.connect(note)
    Atomic.__enter__ = entering  # type: ignore[method-assign]
    try:
        yield
    finally:
        Atomic.__enter__ = enter  # type: ignore[method-assign]
        request_started.disconnect(note)


def with_another_in_between(
    act: Callable[[], object],
    other: Callable[[], object],
    *,
    racers: Executor,
    number: int = 1,
) -> tuple[list[object], bool]:
    """Do both; return what they return, and whether there was such a moment in the first one."""
    stop = Stop(number)
    _stops[stop.key] = stop

    def run() -> object:
        _here.stop = stop
        try:
            return act()
        finally:
            _here.stop = None
            stop.is_reached.set()

    stopped = racers.submit(run)
    stop.is_reached.wait(PATIENCE)
    try:
        meanwhile = racers.submit(other).result(PATIENCE)
    finally:
        stop.go_on.set()
    answers = [stopped.result(PATIENCE), meanwhile]
    del _stops[stop.key]
    return answers, stop.has_stopped
