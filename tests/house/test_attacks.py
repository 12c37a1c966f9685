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
#: Rows that somebody comes to by several ways, and what names each in a test of the row, or in a case of it.
WAYS = {
    "A8": "name_by_page name_by_adding_in_administration name_by_command name_by_adding_code",
    "A10": "by_a_direct_post comes_by_a_provider by_code",
    "A13": "set_password- connect_account- confirm_email- admin:login- basic_authentication async_login",
    "C8": "by_page in_administration by_basic_authentication by_form by_code by_async_code by_no_path "
    "an_account_that_is_switched_off_stays_shut",
    "D1": "by_page by_code by_the_administration",
    "D10": "the_answer_is_the_same by_the_administration code_is_answered",
    "D12": "by_page by_link by_command by_code by_async_code a_first_password",
    "E7": "[remove_email] [end_session] [disconnect_provider] [withdraw_invitation] the_export the_bills "
    "the_rows_of_somebody_else",
    "F3": "by_page by_administration by_command by_code",
    "F5": "by_page by_administration by_command by_code",
    "M4": "forgot-password resend-confirmation register change-password admin by_all_ways_to_log_in",
    "M7": "by_page by_admin by_form by_code by_basic_authentication by_async_code",
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


def collected(paths: set[str], **environment: str) -> list[str]:
    """Return the tests that pytest finds there, each with the name of its case."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    environment = {**os.environ, "USERACCOUNTS_TESTS": "", **environment}

    told = subprocess.run(
        [*command, *sorted(paths)], cwd=ROOT, env=environment, capture_output=True, text=True
    )

    assert told.returncode == 0, told.stdout[-2000:] + told.stderr[-2000:]
    return re.findall(r"::(test_.+)", told.stdout)


def test_each_row_has_a_test_that_asks_each_database() -> None:
    if reason := servers.lacks("postgresql"):
        missing("postgresql", reason)
    # Nothing is connected to: only which tests a server has is asked.
    server = {"USERACCOUNTS_TEST_DATABASE": "postgresql://nobody@127.0.0.1:1/none"}

    tests = collected({"tests/attacks", *(file for _row, file in elsewhere())}, **server)

    asked = {row for test in tests for row in rows_of(test)}
    assert ROWS - numbers(ABSENT) - asked == numbers(ONE_DATABASE)


def test_a_row_that_is_come_to_by_several_ways_is_tested_by_each() -> None:
    tests = collected({file for row in WAYS for file in FILES[row]})

    untested = [
        f"{row} {way}"
        for row, ways in WAYS.items()
        for way in ways.split()
        if not any(way in test for test in tests if row in rows_of(test))
    ]

    assert untested == []
