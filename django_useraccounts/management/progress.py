"""How far a long command has come: a bar on a terminal, a line now and then elsewhere."""

import time
from datetime import timedelta

from django.core.management.base import OutputWrapper

#: Seconds between two states of the bar, and between two lines.
BAR_EVERY, LINE_EVERY = 0.2, 10.0
WIDTH = 30


class Progress:
    """Count what is done of ``total``, and say how fast it goes and how long the rest takes."""

    def __init__(self, out: OutputWrapper, what: str, *, total: int, before: int = 0) -> None:
        self.out, self.what, self.total = out, what, total
        self.is_terminal = out.isatty()
        #: What was done in an earlier run tells nothing about the rate.
        self.before = self.done = before
        self.begun = self.told = time.monotonic()

    def advance(self, number: int) -> None:
        """Count ``number`` more."""
        self.done += number
        # Somebody may have come meanwhile.
        self.total = max(self.total, self.done)
        if time.monotonic() - self.told >= (BAR_EVERY if self.is_terminal else LINE_EVERY):
            self._tell()

    def finish(self) -> None:
        """Show where it has ended."""
        self.total = self.done
        self._tell(ending="\n")

    def _tell(self, *, ending: str = "") -> None:
        self.told = time.monotonic()
        if self.is_terminal:
            full = WIDTH * self.done // self.total if self.total else WIDTH
            bar = "#" * full + "." * (WIDTH - full)
            # Back to the beginning of the line, and away with what is behind the new text.
            self.out.write(f"\r{self.what} [{bar}] {self}\x1b[K", ending=ending)
        else:
            self.out.write(f"{self.what}: {self}")
        self.out.flush()

    def __str__(self) -> str:
        seconds = max(self.told - self.begun, 0.001)
        rate = (self.done - self.before) / seconds
        text = f"{self.done:,} of {self.total:,}, {rate:,.0f}/s"
        if self.done < self.total and rate:
            left = timedelta(seconds=round((self.total - self.done) / rate))
            return f"{text}, {left} left"
        return f"{text}, {timedelta(seconds=round(seconds))}"
