"""What became of the bugs, for people."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from tests.control.bug import Bug
from tests.control.trial import ROOT, Verdict

#: Where it is written down what became of each bug when it was last tried.
RECORD = ROOT / "benchmarks" / "negative_control.rst"

#: By what a bug was caught, seconds, and the day.
Written = tuple[str, str, str]

HEAD = """\
The negative control
====================

``python -m tests.control`` brings back bugs that others have had, each as a small change of our code, and
expects the suite to fail by it. With ``--record`` it writes down here what became of those that it
has tried; of the others stays what was here. **{caught} of {all} bugs were caught.**
"Row" is that of the list of attacks, by which tests are named, and "seconds" go from the start of
pytest to the first test that fails, on a machine that did other things besides; races are run on
PostgreSQL.

.. list-table::
   :header-rows: 1

   * - row
     - bug
     - whose
     - caught by
     - seconds
     - tried on
"""
_CAUGHT = re.compile(
    r"^     - ``([a-z0-9-]+)``: .*\n     - .*\n     - (.*)\n     - (.*)\n     - (.*)$", re.MULTILINE
)


def as_line(verdict: Verdict) -> str:
    """Return row, bug, by what it was caught, and seconds."""
    bug, caught = verdict.bug, verdict.caught_by or verdict.words
    return f"{bug.row:4}{bug.name:30}{verdict.seconds:5.1f} s  {caught}"


def as_record(verdict: Verdict, day: date) -> Written:
    """Return by what a bug was caught, seconds, and the day, as they are written down."""
    test = verdict.caught_by.rpartition("::")[2].partition("[")[0]
    caught = f"``{test}``" if test else f"**{verdict.words[:200]}**"
    return caught, f"{verdict.seconds:.1f}", day.isoformat()


def read_page(page: str) -> dict[str, Written]:
    """Return what is written down, by the names of the bugs."""
    return {name: (caught, seconds, day) for name, caught, seconds, day in _CAUGHT.findall(page)}


def as_page(bugs: Sequence[Bug], written: Mapping[str, Written]) -> str:
    """Return the page of the bugs that have been tried, in their order."""
    tried = [bug for bug in bugs if bug.name in written]
    caught = sum(written[bug.name][0].startswith("``") for bug in tried)
    head = HEAD.format(caught=caught, all=len(bugs))
    rows = (
        _row(bug.row, f"``{bug.name}``: {bug.what}", bug.whose, *written[bug.name]) for bug in tried
    )
    return head + "".join(rows)


def record(bugs: Sequence[Bug], verdicts: Iterable[Verdict], day: date) -> None:
    """Write down what became of some bugs; of the others stays what was written before."""
    written = read_page(RECORD.read_text()) if RECORD.exists() else {}
    written |= {verdict.bug.name: as_record(verdict, day) for verdict in verdicts}
    RECORD.write_text(as_page(bugs, written))


def _row(first: str, *others: str) -> str:
    return f"   * - {first}\n" + "".join(f"     - {other}\n" for other in others)
