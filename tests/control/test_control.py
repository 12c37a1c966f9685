"""The bugs of the negative control fit the code as it is; whether each is caught tells the command."""

import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from tests.control.bug import PACKAGE, Bug, Change, DoesNotApply
from tests.control.bugs import BUGS
from tests.control.report import RECORD, as_page, as_record, read_page
from tests.control.trial import ROOT, Verdict, judged
from tests.readme import document

pytestmark = pytest.mark.one_database

#: Where bugs have to be: in each of these rooms, and on the ground floor.
ROOMS = ("registration", "login", "emails", "passwords", "roles", "administration", "leaving")
OPTIONAL_ROOMS = ("invitations", "social", "memberships")
BY_NAME = {bug.name: bug for bug in BUGS}


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_a_bug_fits_the_code_as_it_is(name: str) -> None:
    texts = {
        change.file: (ROOT / PACKAGE / change.file).read_text() for change in BY_NAME[name].changes
    }

    for change in BY_NAME[name].changes:
        texts[change.file] = change.applied_to(texts[change.file])

    for file, text in texts.items():
        compile(text, file, "exec")


def test_the_tests_that_are_to_catch_a_bug_are_there() -> None:
    missing = [test for bug in BUGS for test in bug.tests if not _is_there(test)]

    assert missing == []


def test_every_bug_has_a_name_of_its_own_and_they_are_in_every_room() -> None:
    places = {change.file.partition("/")[0] for bug in BUGS for change in bug.changes}

    assert [name for name, count in Counter(bug.name for bug in BUGS).items() if count > 1] == []
    assert places.issuperset((*ROOMS, *OPTIONAL_ROOMS, "admin", "models", "views.py", "mail.py"))
    assert {bug.database for bug in BUGS} == {"sqlite", "postgresql"}


def _is_there(test: str) -> bool:
    file, _, function = test.partition("::")
    text = (ROOT / file).read_text()
    return not function or bool(re.search(rf"^(async )?def {function}\(", text, re.MULTILINE))


def test_the_record_tells_of_every_bug_and_each_was_caught() -> None:
    page = RECORD.read_text()

    assert document(str(RECORD.relative_to(ROOT))).astext()
    assert list(read_page(page)) == [bug.name for bug in BUGS]
    assert f"**{len(BUGS)} of {len(BUGS)} bugs were caught.**" in page


def test_a_change_that_fits_nowhere_or_twice_is_told(tmp_path: Path) -> None:
    change = Change("flows.py", "if not right:", "if False:")

    assert change.applied_to("a\nif not right:\n") == "a\nif False:\n"
    for text in ("if wrong:", "if not right:\nif not right:"):
        with pytest.raises(DoesNotApply):
            change.applied_to(text)


def test_only_a_test_that_has_failed_by_the_bug_has_caught_it() -> None:
    failed = "F\nFAILED tests/a.py::test_b - assert 1 == 2\n1 failed"

    assert judged(1, failed) == ("tests/a.py::test_b", "assert 1 == 2")
    assert judged(1, "FAILED tests/a.py::test_b[to you] - no")[0] == "tests/a.py::test_b[to you]"
    assert judged(0, "1 passed") == ("", "SURVIVED")
    assert judged(1, "ERROR tests/a.py::test_b - OperationalError")[0] == ""
    assert judged(2, "ERROR tests/a.py - SyntaxError\nInterrupted")[0] == ""
    assert judged(4, "no such test")[0] == ""
    assert judged(1, "FAILED tests/a.py::test_b - NameError: name 'x' is not defined")[0] == ""


def test_the_page_tells_which_test_has_caught_a_bug_and_keeps_what_was_not_tried_again() -> None:
    bugs = [
        Bug(name=name, row="D4", what="Two win.", whose="naive", changes=(), tests=())
        for name in ("a-bug", "another-bug", "a-third")
    ]
    day, later = date(2026, 11, 28), date(2026, 11, 29)
    caught = as_record(Verdict(bugs[0], "tests/a.py::test_b[c]", "assert False", 1.24), day)
    survived = as_record(Verdict(bugs[1], "", "SURVIVED", 1.0), later)

    page = as_page(bugs, {"a-bug": caught, "another-bug": survived})

    assert "**1 of 3 bugs were caught.**" in page
    row = ("``a-bug``: Two win.", "naive", "``test_b``", "1.2", "2026-11-28")
    assert "".join(f"     - {cell}\n" for cell in row) in page
    assert "     - **SURVIVED**\n" in page
    assert read_page(page) == {
        "a-bug": ("``test_b``", "1.2", "2026-11-28"),
        "another-bug": ("**SURVIVED**", "1.0", "2026-11-29"),
    }
