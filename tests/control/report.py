"""What became of the bugs, for people."""

import platform
from collections.abc import Iterable, Sequence
from datetime import datetime

import django

from tests.control.trial import ROOT, Verdict

#: Where the last run of all bugs is written down.
RECORD = ROOT / "benchmarks" / "negative_control.rst"

HEAD = """\
The negative control
====================

``python -m tests.control`` brings back bugs that others have had, each as a small change of our code, and
expects the suite to fail by it. ``--record`` has written this page on {day}, with Django
{django} on Python {python}: {caught} of {all} bugs were caught, in {seconds} seconds of tests.
"Row" is that of the list of attacks, by which the tests are named; races are run on PostgreSQL.

"""


def as_lines(verdicts: Iterable[Verdict]) -> list[tuple[str, str, str, str]]:
    """Return row, bug, by what it was caught, and seconds."""
    return [
        (
            verdict.bug.row,
            verdict.bug.name,
            verdict.caught_by or verdict.words,
            f"{verdict.seconds:.1f} s",
        )
        for verdict in verdicts
    ]


def as_page(verdicts: Sequence[Verdict], began: datetime) -> str:
    """Return the page of a whole run."""
    head = HEAD.format(
        day=f"{began.day} {began:%B %Y}",
        django=django.get_version(),
        python=platform.python_version(),
        caught=sum(verdict.is_caught for verdict in verdicts),
        all=len(verdicts),
        seconds=round(sum(verdict.seconds for verdict in verdicts)),
    )
    lines = [
        ".. list-table::",
        "   :header-rows: 1",
        "",
        *_row("row", "bug", "whose", "caught by", "seconds"),
    ]
    for verdict in verdicts:
        bug, test = verdict.bug, verdict.caught_by.rpartition("::")[2].partition("[")[0]
        caught = f"``{test}``" if test else verdict.words
        lines += _row(
            bug.row, f"``{bug.name}``: {bug.what}", bug.whose, caught, f"{verdict.seconds:.1f}"
        )
    return head + "\n".join(lines) + "\n"


def _row(first: str, *others: str) -> list[str]:
    return [f"   * - {first}", *(f"     - {other}" for other in others)]
