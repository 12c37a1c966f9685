"""The process of one project: it makes a scenario ready, and does it as often as it is asked to."""

import gc
import os
import time
from collections.abc import Callable, Mapping
from itertools import cycle
from typing import Any

import django

from ..workers import python_calls, serve, stay_on_one_core
from .settings import settings_of

#: How often a request that leaves nothing behind is made in one sample.
REPEATS = 10
#: By how many calls the stack is deeper, in turns. Python takes memory for it by pieces of 16 KB,
#: and where calls cross the end of one again and again, the same page takes up to twice as long:
#: which page does is chance. So a sample of a page that is made repeatedly is made from all depths.
DEPTHS = range(0, 140, 14)
#: After how many samples PostgreSQL is tidied up.
TIDY = 20


def work(kind: str) -> None:
    """Answer the questions of the driver: "begin SCENARIO", then "time" or "request"."""
    stay_on_one_core()
    configure(kind)
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application

    application = get_wsgi_application()
    call_command("migrate", verbosity=0)
    bench = Bench(kind, application)
    gc.collect()
    gc.freeze()

    def answer(question: str) -> Mapping[str, object]:
        what, _space, scenario = question.partition(" ")
        if what == "begin":
            return bench.begin(scenario)
        return bench.time() if what == "time" else bench.request()

    serve(answer)


def _deeper(levels: int, function: Callable[[], Any]) -> Any:
    return _deeper(levels - 1, function) if levels else function()


def configure(kind: str) -> None:
    from django.conf import settings

    from testproject.test_settings import database

    settings.configure(**settings_of(kind, database(os.environ["BENCHMARK_DATABASE"])))
    django.setup()


class Bench:
    """A project, and the scenario that is measured."""

    def __init__(self, kind: str, application: Any) -> None:
        from . import rows
        from .projects import project_of

        self.application, self.rows = application, rows
        self.depths = cycle(DEPTHS)
        self.project = project_of(kind, application)
        self.project.settle()
        rows.keep("settled")

    def begin(self, scenario: str) -> dict[str, object]:
        """Make a scenario ready, and return what it costs; nothing if the project has none."""
        self.rows.restore("settled", self.rows.tables())
        self._empty()
        prepare = getattr(self.project, scenario, None)
        if prepare is None:
            return {}
        self.ask = prepare()
        self.project.finish()
        self.rows.keep("ready")
        self.written, self.samples, self.repeats = self.rows.tables(), 0, 1
        counts = self._counts()
        if not self.ask.body:
            self.repeats = REPEATS
        return counts

    def _counts(self) -> dict[str, object]:
        from django.core import mail

        from .hashers import Hashes
        from .statements import recorded

        # The first one fills what is kept for the life of a process.
        self.ask.proof(self._send())
        self._clean_up()
        Hashes.reset()
        with recorded() as statements:
            answer = self._send()
        hashes, mails = Hashes.number, len(mail.outbox)
        self.ask.proof(answer)
        self._clean_up()
        self.written = statements.written(self.rows.tables())
        return {
            "queries": len(statements.of_request),
            "writes": statements.writes,
            "hashes": hashes,
            "mails": mails,
            "beside": len(statements.beside),
            "calls": min(self._calls() for _time in range(5)),
        }

    def _send(self) -> Any:
        answer = self.ask.send(self.application)
        self.project.finish()
        return answer

    def _calls(self) -> int:
        calls = python_calls(lambda: self.ask.send(self.application))
        self.project.finish()
        self._clean_up()
        return calls

    def time(self) -> dict[str, float]:
        """Do it once; say how long it took, how much CPU, and how much of that one hash."""
        from .hashers import Hashes

        Hashes.reset()
        cpu, wall = time.process_time(), time.perf_counter()
        for _time in range(self.repeats):
            answer = _deeper(next(self.depths), lambda: self.ask.send(self.application))
        wall = time.perf_counter() - wall
        # The mail that a thread carries meanwhile is part of the cost, but nobody waits for it.
        self.project.finish()
        cpu = time.process_time() - cpu
        self.ask.proof(answer)
        number, seconds = Hashes.number, Hashes.seconds
        self._clean_up()
        one_hash = seconds / number if number else 0.0
        return {"cpu": cpu / self.repeats, "wall": wall / self.repeats, "hash": one_hash}

    def request(self) -> dict[str, str]:
        """Return what another program has to send to do the same."""
        environ = self.ask.environ
        return {"path": environ["PATH_INFO"], "cookie": environ.get("HTTP_COOKIE", "")}

    def _clean_up(self) -> None:
        self.rows.restore("ready", self.written)
        self._empty()
        self.samples += 1
        if self.samples % TIDY == 0:
            self.rows.tidy(self.written)

    def _empty(self) -> None:
        from django.core import mail
        from django.core.cache import cache

        mail.outbox = []
        cache.clear()
