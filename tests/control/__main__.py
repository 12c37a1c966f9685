"""
The negative control: bring back bugs that others have had, one at a time, and see the suite fail.

``python -m tests.control [NAME…] [-j 2] [--of-today] [--record]`` copies the project, checks that
the tests which are named by the bugs pass as the code is, and then that they fail by each bug.
"""

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue

from tests.choosing import today
from tests.control.bug import Bug
from tests.control.bugs import BUGS
from tests.control.report import RECORD, as_line, record
from tests.control.trial import Tree, Verdict, try_bug
from tests.servers import SERVERS, lacks

#: In so many days every bug has been tried by CI.
DAYS = 14


def main(arguments: Sequence[str]) -> int:
    """Try the bugs that are asked for; return 1 unless each of them was caught."""
    asked = _read(arguments)
    bugs = _chosen(asked.names, of_today=asked.of_today)
    with ExitStack() as stack:
        trees = [stack.enter_context(_tree()) for _ in range(asked.jobs)]
        urls = stack.enter_context(_databases(bugs))
        if complaint := _red_without_a_bug(bugs, trees[0], urls, workers=asked.jobs):
            print(complaint, file=sys.stderr)
            return 1
        verdicts = []
        for verdict in _verdicts(bugs, trees, urls):
            print(as_line(verdict), flush=True)
            if verdict.is_caught and verdict.words:
                print(f"    {verdict.words[:200]}", flush=True)
            verdicts.append(verdict)
    caught = sum(verdict.is_caught for verdict in verdicts)
    print(f"{caught} of {len(bugs)} bugs were caught.")
    if asked.record:
        record(BUGS, verdicts, datetime.now(UTC).date())
    return int(caught < len(bugs))


def _read(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.control", description=__doc__)
    parser.add_argument("names", nargs="*", help="bugs by their names; all of them without any")
    parser.add_argument("-j", "--jobs", type=int, default=2, help="how many at once (2)")
    parser.add_argument("--of-today", action="store_true", help=f"one in {DAYS}, by the date")
    parser.add_argument(
        "--record", action="store_true", help=f"write what became of them into {RECORD.name}"
    )
    return parser.parse_args(arguments)


def _chosen(names: Sequence[str], *, of_today: bool) -> Sequence[Bug]:
    known = {bug.name: bug for bug in BUGS}
    if unknown := [name for name in names if name not in known]:
        sys.exit(f"There is no bug called {', '.join(unknown)}.")
    if of_today:
        return BUGS[today() % DAYS :: DAYS]
    return [known[name] for name in names] or BUGS


@contextmanager
def _tree() -> Iterator[Tree]:
    with tempfile.TemporaryDirectory(prefix="useraccounts-control-") as folder:
        yield Tree.copied_to(Path(folder))


@contextmanager
def _databases(bugs: Sequence[Bug]) -> Iterator[dict[str, str]]:
    """Start the servers that the bugs need, and yield their URLs; SQLite needs none."""
    with ExitStack() as stack:
        urls = {"sqlite": ""}
        for name in sorted({bug.database for bug in bugs} - {"sqlite"}):
            if lacks(name):
                sys.exit(lacks(name))
            urls[name] = stack.enter_context(SERVERS[name]())
        yield urls


def _red_without_a_bug(
    bugs: Sequence[Bug], tree: Tree, urls: dict[str, str], *, workers: int
) -> str:
    """Return what pytest says of tests that fail anyway, "" if they all pass: they prove nothing."""
    for database, url in urls.items():
        tests = sorted({test for bug in bugs if bug.database == database for test in bug.tests})
        if not tests:
            continue
        done = tree.run(tests, database_url=url, until_first=False, workers=workers)
        if done.returncode:
            return f"Red without any bug ({database}):\n{done.stdout}{done.stderr}"
    return ""


def _verdicts(
    bugs: Sequence[Bug], trees: Sequence[Tree], urls: dict[str, str]
) -> Iterator[Verdict]:
    """Yield what became of each bug, in order; as many are tried at once as there are trees."""
    free: SimpleQueue[Tree] = SimpleQueue()
    for tree in trees:
        free.put(tree)

    def judge(bug: Bug) -> Verdict:
        tree = free.get()
        try:
            return try_bug(bug, tree, database_url=urls[bug.database])
        finally:
            free.put(tree)

    with ThreadPoolExecutor(len(trees)) as pool:
        yield from pool.map(judge, bugs)


if __name__ == "__main__":
    # So that a terminated program leaves no copies and no server behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.chdir(Path(__file__).parents[2])
    sys.exit(main(sys.argv[1:]))
