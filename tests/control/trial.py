"""A copy of the project, in which one bug after the other is tried."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.control.bug import PACKAGE, Bug, DoesNotApply

ROOT = Path(__file__).parents[2]
#: What the tests read, beside the package.
COPIED = (PACKAGE, "tests", "testproject", "setup.cfg", "pyproject.toml")
#: Bytecode of others comes and goes while it is copied.
_LEFT = shutil.ignore_patterns("node_modules", "__pycache__")
#: Seconds after which a bug that lets nothing end is given up.
PATIENCE = 120
#: How often a race is run that a bug loses: not at each time.
REPEATS = 40
#: How a change that is broken itself fails: that catches no bug.
SLIPS = ("NameError", "SyntaxError", "IndentationError", "ImportError", "UnboundLocalError")


@dataclass(frozen=True)
class Verdict:
    """What became of a bug."""

    bug: Bug
    #: The first test that has failed, "" if the bug was not caught.
    caught_by: str
    #: How it has failed, or what went wrong otherwise.
    words: str
    seconds: float

    @property
    def is_caught(self) -> bool:
        return bool(self.caught_by)


@dataclass(frozen=True)
class Tree:
    """A copy of the project in a folder of its own."""

    root: Path

    @classmethod
    def copied_to(cls, root: Path) -> "Tree":
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, root / name, ignore=_LEFT)
            else:
                shutil.copy2(source, root / name)
        return cls(root)

    @contextmanager
    def having(self, bug: Bug) -> Iterator[None]:
        """Have the bug for a while; DoesNotApply if it does not fit."""
        paths = {self.root / PACKAGE / change.file for change in bug.changes}
        before = {path: path.read_bytes() for path in paths}
        try:
            bug.apply(self.root)
            yield
        finally:
            for path, content in before.items():
                path.write_bytes(content)

    def run(
        self, tests: Sequence[str], *, database_url: str, until_first: bool, workers: int = 0
    ) -> "subprocess.CompletedProcess[str]":
        """Run tests by the code of this tree, on SQLite unless a server is named."""
        environment = {**os.environ, "PYTHONPATH": str(self.root)}
        for name in ("PYTEST_ADDOPTS", "DJANGO_SETTINGS_MODULE", "USERACCOUNTS_TEST_DATABASE"):
            environment.pop(name, None)
        if database_url:
            # A database for each tree: two runs may meet on the server.
            name = re.sub(r"\W", "_", self.root.name)
            environment["USERACCOUNTS_TEST_DATABASE"] = f"{database_url}_{name}"
        # What has failed, and how, is told on one line, which pytest cuts to this width.
        environment["COLUMNS"] = "400"
        environment["USERACCOUNTS_RACE_REPEATS"] = str(REPEATS if until_first else 2)
        # Each run imports them anew: those of the others would take longer than most tests.
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "pytest_django.plugin",
            "-p",
            "xdist.plugin",
        ]
        command += ["-q", "-n", str(workers), "--tb=line", "-rf"]
        # Tables are made from the models, so that a constraint can be taken away in one place.
        command += ["-p", "no:cacheprovider", "--nomigrations"]
        command += ["-x"] if until_first else []
        return subprocess.run(
            [*command, *tests],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE if until_first else None,
        )


def try_bug(bug: Bug, tree: Tree, *, database_url: str) -> Verdict:
    """Say which test catches a bug, if any."""
    began = time.monotonic()
    try:
        with tree.having(bug):
            done = tree.run(bug.tests, database_url=database_url, until_first=True)
        caught_by, words = judged(done.returncode, done.stdout)
    except DoesNotApply as error:
        caught_by, words = "", f"does not apply: {error}"
    except subprocess.TimeoutExpired:
        caught_by, words = "", f"did not end within {PATIENCE} seconds"
    return Verdict(bug, caught_by, words, time.monotonic() - began)


def judged(returncode: int, output: str) -> tuple[str, str]:
    """Return the test that has failed by a bug and how, or "" and what is to complain of."""
    if returncode == 0:
        return "", "SURVIVED"
    failed = re.search(r"^FAILED (.+?)(?: - (.*))?$", output, re.MULTILINE)
    if returncode != 1 or not failed:
        # What cannot be collected, or set up, says nothing about the suite.
        return "", f"pytest ended with {returncode}: {output[-500:]}"
    if (failed[2] or "").startswith(SLIPS):
        return "", f"the bug is broken itself: {failed[2]}"
    return failed[1], failed[2] or ""
