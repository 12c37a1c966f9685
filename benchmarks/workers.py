"""Processes with projects of their own, asked in turns by a driver, and what all of them count."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


class Worker:
    """A process that answers the questions put to it, each a line; ``serve`` is the other end."""

    def __init__(self, module: str, kind: str, environment: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, "--worker", kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # Sets and dictionaries in the same order each time, so that calls do not vary.
            env={**os.environ, "PYTHONHASHSEED": "0", **environment},
            cwd=ROOT,
        )

    def ask(self, question: str) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise ChildProcessError(f"The worker has ended with {self.process.wait()}.")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def stop(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(timeout=10)


def serve(answer: Callable[[str], Mapping[str, object]]) -> None:
    """Answer the questions that come by standard input until there are no more."""
    for question in sys.stdin:
        print(json.dumps(answer(question.strip())), flush=True)


def stay_on_one_core() -> None:
    """Use one core in turns with the other workers: two cores are seldom equally fast."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def python_calls(function: Callable[[], object]) -> int:
    """Call a function, and count the calls of Python functions in this thread."""
    calls = 0

    def profile(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(profile)
    try:
        function()
    finally:
        sys.setprofile(None)
    return calls
