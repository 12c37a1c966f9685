"""Each known attack on what exists here has a test that is named by its number, on each database."""

import ast
import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator

import pytest
from docutils import nodes

from tests import servers
from tests.conftest import missing
from tests.readme import ROOT, document

pytestmark = pytest.mark.one_database

PAGE = "docs/security.rst"
#: The numbers of the list of attacks, by what they aim at; ``test_D4_…`` is a test of row D4.
LISTED = {
    "A": ("registration", "2 3 4 5 8 9 10 11 12 13 14"),
    "B": ("confirmation", "1 2 3 4 7 8 9 11"),
    "C": ("login and logout", "2 4 5 6 7 8 9 10 13"),
    "D": ("forgotten and changed passwords", "1 3 4 6 7 8 9 10 11 12 13 14 15 16 17 18"),
    "E": ("several and changed addresses", "1 2 3 5 6 7 8 9 10 11 12 13 14"),
    "F": ("invitations", "1 3 4 5 6 7 8"),
    "G": ("logins by a provider", "2 3 4 6 7 8 12 13 14 15 16 17 18 19 20 22 23 24"),
    "H": ("more than one factor", "1 5 8 10 11 12 13 14 15 16"),
    "I": ("passkeys", "1 2 4 7 8 9 11 12 13 14"),
    "J": ("sessions", "1 2 3 4 6 7 8 10"),
    "K": ("roles", "1 2 3 4 5 7 9"),
    "L": ("where next", "1 2 3 4 5 6 7"),
    "M": ("limits", "2 4 5 7 9 10 12 13"),
    "N": ("programs that ask", "2 4 5 7 8 9 10 11"),
    "O": ("the administration", "2 3 4 5 6 7"),
    "P": ("mail", "1 2 3 4 5 7"),
    "Q": ("Unicode and malformed text", "2 3 4 5 6 7 8"),
    "R": ("huge or odd input", "1 2 3 4 5 6"),
    "S": ("races", "1 2 3 5 6 7 8 9 11 13 14 15"),
    "T": ("outages and clocks", "2 4 6 7 8 9"),
    "U": ("what strangers learn", "1 2 3 4 6 7 8 9"),
    "V": ("headers and pages", "1 3 5"),
}
ROWS = {
    f"{chapter}{number}" for chapter, (_, numbers) in LISTED.items() for number in numbers.split()
}
#: Rows of what does not exist here, by what that is.
ABSENT = {
    "a code that is typed: every proof by mail is a link": "B9",
    "a second factor of our own": "H1 H5 H8 H10 H11 H12 H14 H15 H16",
    "passkeys": "I1 I2 I4 I7 I8 I9 I11 I12 I13 I14",
    "an answer for programs that tells where to go next": "L7",
    "pages that read or write JSON; guards tell programs in one word what lacks": "N2 N4 N5 N8 N9 N11",
    "acting in the name of somebody else": "O7",
    "a page that tells which usernames are free, before the form is sent": "U6",
    "public profiles and pictures": "U8",
}
#: Rows whose tests ask SQLite alone, by the reason.
ONE_DATABASE = {
    "the cache counts; that the database counts for it is asked of each by M4, M12 and S15": "M10 T2",
    "what a service or a provider answers, before any row is read": "G23 T4",
    "a check of settings; the copies themselves are in tests/replicas": "T7",
}
NUMBERS = re.compile(r"test_((?:[A-Z]\d+_)+)")


def numbers(reasons: dict[str, str]) -> set[str]:
    return {number for listed in reasons.values() for number in listed.split()}


def rows_of(test: str) -> set[str]:
    """Return the numbers that begin the name of a test."""
    named = NUMBERS.match(test)
    return set(named[1].strip("_").split("_")) if named else set()


def files_by_row() -> dict[str, set[str]]:
    """Return the files that have a test of a row, by row."""
    files: dict[str, set[str]] = defaultdict(set)
    for path in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                for row in rows_of(node.name):
                    files[row].add(path.relative_to(ROOT).as_posix())
    return files


FILES = files_by_row()
INSIDE = {row for row, files in FILES.items() if any(f.startswith("tests/attacks/") for f in files)}


def elsewhere() -> Iterator[tuple[str, str]]:
    """Yield row and file of the table of the page that names what is tested in other folders."""
    (table,) = document(PAGE).findall(nodes.table)
    for row in list(table.findall(nodes.row))[1:]:
        named, _what, *files = (entry.astext() for entry in row.findall(nodes.entry))
        yield from ((named, file) for file in " ".join(files).split())


def test_each_row_of_what_exists_has_a_test_named_by_it() -> None:
    outside = {row for row, _file in elsewhere()}

    assert ROWS - numbers(ABSENT) == INSIDE | outside
    assert not INSIDE & outside


@pytest.mark.parametrize("row, file", list(elsewhere()))
def test_what_is_tested_elsewhere_stands_where_the_page_says(row: str, file: str) -> None:
    assert file in FILES[row]


def test_the_page_counts_the_rows() -> None:
    text = " ".join((ROOT / PAGE).read_text(encoding="utf-8").split())
    concern = ROWS - numbers(ABSENT)

    assert f"Of a list of {len(ROWS)} known attacks" in text
    assert f"{len(concern)} concern" in text
    assert f"{len(concern - numbers(ONE_DATABASE))} of the {len(concern)} have tests" in text


def test_each_row_has_a_test_that_asks_each_database() -> None:
    if reason := servers.lacks("postgresql"):
        missing("postgresql", reason)
    folders = {"tests/attacks", *(file for _row, file in elsewhere())}
    environment = {
        **os.environ,
        # Nothing is connected to: only which tests a server has is asked.
        "USERACCOUNTS_TEST_DATABASE": "postgresql://nobody@127.0.0.1:1/none",
        "USERACCOUNTS_TESTS": "",
    }
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]

    told = subprocess.run(
        [*command, *sorted(folders)], cwd=ROOT, env=environment, capture_output=True, text=True
    )

    assert told.returncode == 0, told.stdout[-2000:] + told.stderr[-2000:]
    asked = {row for test in re.findall(r"::(test_\w+)", told.stdout) for row in rows_of(test)}
    assert ROWS - numbers(ABSENT) - asked == numbers(ONE_DATABASE)
