"""The three behind gunicorn with two workers each, and clients that ask them in turns."""

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from tests.servers import free_port

from ..workers import ROOT, Worker

#: What is asked for; nothing that is written, so that rounds are alike.
PAGES = ("login_page", "guarded_page", "role_guarded_page", "addresses_page")
CLIENTS, REQUESTS, PATIENCE = 4, 200, 30


class Server:
    """A gunicorn of one project."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        self.process, self.port = process, port

    @property
    def cpu(self) -> float:
        """The seconds of CPU that its workers have used."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        # The time on a core in nanoseconds, where the times of "stat" are hundredths of a second.
        spent = [Path(f"/proc/{pid}/schedstat").read_text() for pid in children.read_text().split()]
        return sum(int(text.split(maxsplit=1)[0]) for text in spent) / 1e9

    def ask(self, path: str, cookie: str, number: int) -> None:
        """Ask for a page so often, each time by a connection of its own, as its workers want it."""
        for _request in range(number):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
            connection.request("GET", path, headers={"Host": "testserver", "Cookie": cookie})
            answer = connection.getresponse()
            body = answer.read()
            connection.close()
            assert answer.status == 200, (answer.status, body)

    def is_there(self) -> bool:
        try:
            self.ask("/accounts/login/", "", 1)
        except OSError:
            return False
        return True


def measure(
    workers: Mapping[str, Worker], urls: Mapping[str, str], rounds: int
) -> dict[str, dict[str, dict[str, float]]]:
    """Ask each server for each page in turns; return milliseconds of CPU and of wall a request."""
    with ExitStack() as stack:
        servers = {kind: stack.enter_context(_serving(kind, urls[kind])) for kind in workers}
        found: dict[str, dict[str, dict[str, float]]] = {}
        for page in PAGES:
            ready = {kind: _made_ready(worker, page) for kind, worker in workers.items()}
            turns = {kind: servers[kind] for kind, request in ready.items() if request}
            taken: dict[str, list[dict[str, float]]] = {kind: [] for kind in turns}
            for _round in range(rounds + 1):
                for kind, server in turns.items():
                    taken[kind].append(_round_of(server, **ready[kind]))
            # The first round is a warm-up.
            found[page] = {
                kind: {name: median(one[name] for one in times[1:]) for name in ("cpu", "wall")}
                for kind, times in taken.items()
            }
    return found


def _made_ready(worker: Worker, page: str) -> dict[str, Any]:
    return worker.ask("request") if worker.ask(f"begin {page}") else {}


def _round_of(server: Server, *, path: str, cookie: str) -> dict[str, float]:
    cpu, wall = server.cpu, time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as clients:
        shares = [
            clients.submit(server.ask, path, cookie, REQUESTS // CLIENTS)
            for _client in range(CLIENTS)
        ]
        for share in shares:
            share.result()
    wall = time.perf_counter() - wall
    return {"cpu": (server.cpu - cpu) / REQUESTS * 1000, "wall": wall / REQUESTS * 1000}


@contextmanager
def _serving(kind: str, database: str) -> Iterator[Server]:
    port = free_port()
    bind = ["--bind", f"127.0.0.1:{port}", "--workers", "2", "--log-level", "warning"]
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *bind, "benchmarks.side_by_side.wsgi:application"],
        cwd=ROOT,
        env={**os.environ, "BENCHMARK_KIND": kind, "BENCHMARK_DATABASE": database},
    )
    try:
        server = Server(process, port)
        deadline = time.monotonic() + PATIENCE
        while not server.is_there():
            assert process.poll() is None and time.monotonic() < deadline, "It did not start."
            time.sleep(0.1)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
