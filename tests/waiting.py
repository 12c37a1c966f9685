"""Wait for what other processes and threads bring about."""

import time
from collections.abc import Callable

#: Seconds; under load a server takes some.
PATIENCE = 60


def wait_until(is_true: Callable[[], object]) -> None:
    """Return when it has come about; fail if it does not come."""
    until = time.monotonic() + PATIENCE
    while not is_true():
        assert time.monotonic() < until, "It did not come about."
        time.sleep(0.02)
