"""docs/security.rst and docs/asvs.rst name tests that exist, and the table is that of the tests."""

import ast
import re
from collections import Counter
from functools import cache
from itertools import chain

import pytest

from tests import asvs
from tests.readme import ROOT, document

pytestmark = pytest.mark.one_database

PROMISES = re.findall(r"``(tests/\S+::\S+)``", (ROOT / "docs/security.rst").read_text())


@cache
def functions(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("page", ["docs/security.rst", "docs/asvs.rst", "docs/checks.rst"])
def test_the_page_is_valid(page: str) -> None:
    assert document(page).astext()


@pytest.mark.parametrize("promise", PROMISES)
def test_a_promise_has_its_test(promise: str) -> None:
    path, _, name = promise.partition("::")

    assert name in functions(path)


def test_every_promise_has_one() -> None:
    text = (ROOT / "docs/security.rst").read_text().partition("\nWhat is yours\n")[0]

    assert len(re.findall(r"^- ", text, re.MULTILINE)) == len(PROMISES) > 30


def test_the_table_is_that_of_the_tests() -> None:
    assert asvs.PAGE.read_text() == asvs.page(), "run: python -m tests.asvs"


def test_every_requirement_is_shown_and_every_mark_is_of_one() -> None:
    assert {number for number, _test in asvs.marked()} == asvs.REQUIREMENTS.keys()


def test_the_table_is_in_the_order_of_the_standard() -> None:
    numbers = [tuple(map(int, number.split("."))) for number in asvs.REQUIREMENTS]

    assert numbers == sorted(numbers)


def test_the_levels_are_those_of_the_whole_standard() -> None:
    assert Counter(asvs.levels().values()) == {1: 70, 2: 183, 3: 92}


def test_every_number_of_levels_1_and_2_has_its_place() -> None:
    levels, below = asvs.levels(), asvs.below()
    placed = {*asvs.REQUIREMENTS, *chain(*below.values())}

    assert [*below] == [
        "What is left to the project",
        "What is not met",
        "What concerns nothing here",
    ]
    assert {number for number, level in levels.items() if level < 3} - placed == set()
    assert placed <= levels.keys()


def test_no_number_has_two_places_but_what_is_met_in_part() -> None:
    below = asvs.below()
    counts = Counter(chain(*below.values()))

    assert [number for number, count in counts.items() if count > 1] == []
    assert asvs.REQUIREMENTS.keys() & counts.keys() == asvs.IN_PART
    assert not asvs.IN_PART.intersection(below["What concerns nothing here"])


def test_security_rst_leads_there() -> None:
    assert "docs/security.rst" in (ROOT / "SECURITY.rst").read_text()
    for page in ("docs/security.rst", "docs/asvs.rst", "docs/checks.rst"):
        assert page in (ROOT / "README.rst").read_text()
