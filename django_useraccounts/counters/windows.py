"""What is counted, and what has come of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

#: By how many seconds the clocks of processes that share the counters may differ.
CLOCKS_DIFFER = 60


@dataclass(frozen=True)
class Window:
    """What is counted under a key for so many seconds; the key is 64 hexadecimal digits."""

    key: str
    attempts: int
    seconds: int
    #: Is an attempt beyond the limit refused as such? Else it only shows in the count.
    refuses: bool = True
    #: Does a success forgive all that was counted here, and not only itself?
    is_own: bool = False
    #: Is what the attempt names counted here, whoever tries?
    is_of_name: bool = False


class Count(NamedTuple):
    """How many attempts a window has seen."""

    window: Window
    attempts: int
    #: When it ends, in seconds since the epoch.
    ends_at: int
    #: In how many seconds that is.
    wait: int

    @property
    def is_beyond(self) -> bool:
        return self.attempts > self.window.attempts


class Counters(Protocol):
    """Where attempts are counted."""

    def count(self, windows: Sequence[Window]) -> list[Count]:
        """Count an attempt in each window, or in those alone that are used up and refuse it."""

    def forgive(self, counts: Iterable[Count]) -> None:
        """Take an attempt back that has succeeded."""
