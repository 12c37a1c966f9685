"""Counters in a cache that several processes can count in at once."""

import time
from collections.abc import Iterable, Sequence

from django.core.cache import BaseCache, caches

from .windows import CLOCKS_DIFFER, Count, Window


class CacheCounters:
    """
    Counters in a cache whose ``add`` and ``incr`` are atomic: Redis or Memcached.

    Windows follow each other without a gap, so that a key belongs to one of them: a cache that
    increments a key which has just expired, as Django's Redis does, makes one that never ends.
    """

    def __init__(self, alias: str) -> None:
        self.alias = alias

    def count(self, windows: Sequence[Window]) -> list[Count]:
        """Count each window; raise whatever the cache raises."""
        cache, now = caches[self.alias], int(time.time())
        ends = {window: _end(window, now) for window in windows}
        names = {window: _name(window, ends[window]) for window in windows}
        before = cache.get_many(names.values())
        used_up = [
            window
            for window in windows
            if window.refuses and before.get(names[window], 0) >= window.attempts
        ]
        return [
            Count(
                window,
                _increment(cache, names[window], seconds=ends[window] - now + CLOCKS_DIFFER),
                ends[window],
                ends[window] - now,
            )
            for window in used_up or windows
        ]

    def forgive(self, counts: Iterable[Count]) -> None:
        """Take an attempt back; raise whatever the cache raises."""
        cache = caches[self.alias]
        for made in counts:
            name = _name(made.window, made.ends_at)
            if made.window.is_own:
                cache.delete(name)
            else:
                _decrement(cache, name)


def _end(window: Window, now: int) -> int:
    # Each key has its own beginning: else all limits of a site would begin anew at midnight.
    shift = int(window.key[:8], 16) % window.seconds
    return now + window.seconds - (now + shift) % window.seconds


def _name(window: Window, ends_at: int) -> str:
    return f"useraccounts:{window.key}:{ends_at}"


def _increment(cache: BaseCache, name: str, *, seconds: int) -> int:
    for _ in range(2):
        try:
            return int(cache.incr(name))
        except ValueError:
            # The key is not there, or not any more: of two that add it, one does.
            if cache.add(name, 1, timeout=seconds):
                return 1
    raise RuntimeError("The cache does not keep what is added.")


def _decrement(cache: BaseCache, name: str) -> None:
    try:
        cache.decr(name)
    except ValueError:
        # Gone meanwhile.
        return
