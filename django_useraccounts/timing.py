"""Answers to forms leave in step, so that no clock tells what was found out meanwhile."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

#: Seconds from one step to the next: an answer that costs no hash is ready long before the first.
STEP = 0.02


@contextmanager
def in_step() -> Iterator[None]:
    """
    Have what is done take a whole number of steps.

    The same is done about accounts that exist and that do not, but a row that is found is made an
    object: some hundredths of a millisecond, which are seen. Source: OWASP ASVS 5.0, 6.3.8.
    """
    begun = time.perf_counter()
    try:
        yield
    finally:
        if STEP:
            time.sleep(STEP - (time.perf_counter() - begun) % STEP)
