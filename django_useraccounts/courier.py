"""One thread beside the requests of a process, which carries mails after their commit."""

import atexit
import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue

from django.db import connections

logger = logging.getLogger("django_useraccounts.mail")

#: How long a process that ends waits for mails on their way; the others stay in the outbox.
SECONDS_TO_FINISH = 5


class Courier:
    """A queue and the daemon thread that empties it, started at need, in each process its own."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._idle = threading.Event()

    def take(self, job: Callable[[], object]) -> None:
        """Do ``job`` soon, in the thread; what it raises is logged."""
        with self._lock:
            self._idle.clear()
            self._jobs.put(job)
            # After a fork the thread of the parent is not alive here.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="useraccounts", daemon=True)
                self._thread.start()

    def finish(self, *, seconds: float) -> bool:
        """Wait until everything is done, at most so long; return whether it is."""
        return self._thread is None or not self._thread.is_alive() or self._idle.wait(seconds)

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            try:
                job()
            except Exception:
                logger.exception("A mail could not be handled.")
            with self._lock:
                if self._jobs.empty():
                    # An idle thread holds no connection: pools, tests and restarts need them back.
                    connections.close_all()
                    self._idle.set()


courier = Courier()
atexit.register(courier.finish, seconds=SECONDS_TO_FINISH)
