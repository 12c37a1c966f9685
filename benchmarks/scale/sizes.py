"""
What each request costs the database, on sites of different sizes that are asked in turns.

Each size is a database of one server, and a process. Whatever a request writes is taken back, and
what points at what is looked at before that, as it would be at the commit.
"""

import gc
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from ..side_by_side import SCENARIOS as SHARED
from ..workers import Worker, serve
from .databases import configure, database_of

#: What is measured, by the name of the method that prepares it.
SCENARIOS = {
    **SHARED,
    "sessions_page": "sessions page",
    "history_page": "history page",
    "admin_list": "admin: list of users",
    "admin_search": "admin: search by name",
    "admin_search_address": "admin: search by address",
    "admin_user": "admin: page of a user",
    "admin_events": "admin: list of events",
}


def measure(sizes: Sequence[int], samples: int) -> dict[str, dict[str, Any]]:
    """Return what each scenario costs at each size."""
    workers = {}
    try:
        for size in sizes:
            where = {"SCALE_DATABASE": database_of(size)}
            workers[size] = Worker("benchmarks.scale", f"sizes {size}", where)
        return {scenario: _measure(workers, scenario, samples) for scenario in SCENARIOS}
    finally:
        for worker in workers.values():
            worker.stop()


def _measure(workers: Mapping[int, Worker], scenario: str, samples: int) -> dict[str, Any]:
    print(scenario, file=sys.stderr, flush=True)
    figures = {size: worker.ask(f"begin {scenario}") for size, worker in workers.items()}
    taken: dict[int, list[dict[str, float]]] = {size: [] for size in workers}
    turns = list(workers)
    for _sample in range(samples):
        for size in turns:
            taken[size].append(workers[size].ask("time"))
        # Nobody comes always after the same one.
        turns.append(turns.pop(0))
    for size, times in taken.items():
        for name in ("milliseconds", "waited"):
            figures[size][name] = median(one[name] for one in times)
    return {str(size): of_size for size, of_size in figures.items()}


def work_sizes(_number: str) -> None:
    """Answer the questions of the driver: "begin SCENARIO", then "time"."""
    # The run before was in the same hour.
    plenty = {"identifier": "1000/1h", "client": "1000/1h"}
    configure(LIMITS=dict.fromkeys(("register", "mail", "reset"), plenty))
    from django.core.signals import request_finished, request_started
    from django.core.wsgi import get_wsgi_application
    from django.db import close_old_connections

    # Each request is a part of a transaction, which its end must not close.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    bench = Bench(get_wsgi_application())
    gc.collect()
    gc.freeze()

    def answer(question: str) -> Mapping[str, object]:
        what, _space, scenario = question.partition(" ")
        return bench.begin(scenario) if what == "begin" else bench.time()

    serve(answer)


class Bench:
    """A site, and the scenario that is measured."""

    def __init__(self, application: Any) -> None:
        from .site import CrowdedSite

        self.application = application
        self.site = CrowdedSite(application)
        self.site.settle()

    def begin(self, scenario: str) -> dict[str, object]:
        """Make a scenario ready, and return what its statements read."""
        from django.db import connection

        from .plans import Watch
        from .site import GUESTS

        self.site.delete(*GUESTS)
        self.ask = getattr(self.site, scenario)()
        self.site.finish()
        # What a process reads once is read by now, and pages are in memory.
        self._send(lambda: None)
        watch = Watch()

        def look() -> None:
            with watch.act(scenario, connection):
                self.answer = self.ask.send(self.application)

        self._send(look)
        plans = watch.seen[scenario].values()
        return {
            "statements": len(plans),
            "buffers": sum(plan.buffers for plan in plans),
            "rows": max((plan.rows for plan in plans), default=0),
        }

    def time(self) -> dict[str, float]:
        """Do it once, and return for how long the server worked for it, and was waited for."""
        from django.db import connection

        waited = 0.0

        def wait(execute: Callable[..., Any], *statement: Any) -> Any:
            nonlocal waited
            started = time.perf_counter()
            try:
                return execute(*statement)
            finally:
                waited += time.perf_counter() - started

        def timed() -> None:
            with connection.execute_wrapper(wait):
                self.answer = self.ask.send(self.application)
                # What points at what is looked at by then, as at the commit.
                connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")
            self.worked += self._server_cpu()

        self.worked = -self._server_cpu()
        self._send(timed)
        return {"milliseconds": self.worked, "waited": 1000 * waited}

    def _server_cpu(self) -> float:
        """Return how many milliseconds the process of the server that serves us has run, ever."""
        from django.db import connection

        connection.ensure_connection()
        process = connection.connection.info.backend_pid
        # Nanoseconds: what others do on the machine does not count.
        return int(Path(f"/proc/{process}/schedstat").read_text().split()[0]) / 1e6

    def _send(self, act: Callable[[], object]) -> None:
        """Send the request, see that it did what it should, and take it back."""
        from django.core import mail
        from django.db import transaction

        mail.outbox.clear()
        seen = self.site.seen
        with transaction.atomic():
            self.answer = None
            act()
            self.answer = self.answer or self.ask.send(self.application)
            self.site.finish()
            self.ask.proof(self.answer)
            transaction.set_rollback(True)
        self.site.seen = seen
