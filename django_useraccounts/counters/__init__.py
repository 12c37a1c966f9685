"""
Counters of attempts, in the database or in a cache that several processes can count in at once.

Each counts in windows of time. Once a window is used up, an attempt counts there and nowhere else:
who goes on to try does not make the other waits longer, nor fill the table with ever new names.
"""

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..conf import conf
from .cache import CacheCounters
from .database import DatabaseCounters
from .windows import Count, Counters, Window

logger = logging.getLogger("django_useraccounts.counters")

#: For how many seconds a cache that has failed is not asked again, so that no login waits for it.
OUTAGE_PAUSE = 10
DATABASE = DatabaseCounters()


def count(windows: Sequence[Window]) -> tuple[Counters, list[Count]]:
    """
    Count an attempt where the site wants it counted; in the database while the cache fails.

    So an outage neither lets anybody try without limit nor keeps everybody out.
    """
    if cache := _cache():
        try:
            counts = cache.count(windows)
        except Exception as error:  # each library of a cache has its own
            _outage.note(error)
        else:
            _outage.end()
            return cache, counts
    return DATABASE, DATABASE.count(windows)


def forgive(counters: Counters, counts: Iterable[Count]) -> None:
    """Take an attempt back that has succeeded; it stays counted if the cache fails."""
    if counters is DATABASE:
        DATABASE.forgive(counts)
        return
    try:
        counters.forgive(counts)
    except Exception as error:  # each library of a cache has its own
        _outage.note(error)


def _cache() -> Counters | None:
    alias = conf.LIMITS.get("cache")
    return CacheCounters(alias) if alias and _outage.may_ask() else None


@dataclass
class _Outage:
    """What one process knows of a cache that does not answer."""

    error: str = ""
    asks_again_at: float = 0.0

    def may_ask(self) -> bool:
        now = time.monotonic()
        if now < self.asks_again_at:
            return False
        if self.error:
            # One thread asks; the others do not wait for a time-out beside it.
            self.asks_again_at = now + OUTAGE_PAUSE
        return True

    def note(self, error: Exception) -> None:
        if not self.error:
            logger.error("The cache of the limits fails: the database counts.", exc_info=error)
        self.error = type(error).__name__
        self.asks_again_at = time.monotonic() + OUTAGE_PAUSE

    def end(self) -> None:
        if self.error:
            logger.warning("The cache of the limits counts again.")
        self.error, self.asks_again_at = "", 0.0


_outage = _Outage()


__all__ = ["DATABASE", "Count", "Counters", "Window", "count", "forgive"]
