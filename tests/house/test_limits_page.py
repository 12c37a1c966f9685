"""docs/limits.rst tells the limits that hold by default, and no others."""

import re

import pytest
from docutils import nodes

from django_useraccounts.limits import DEFAULTS
from tests.readme import document

pytestmark = pytest.mark.one_database

BUDGET = re.compile(r"(?P<name>[a-z]+) (?P<rates>\d+/\d+[smhd](?: \d+/\d+[smhd])*)")


def told() -> dict[str, dict[str, str]]:
    """Return the rates of the page by purpose and budget; "as for mail" is read as what it means."""
    limits: dict[str, dict[str, str]] = {}
    for row in document("docs/limits.rst").findall(nodes.row):
        purpose, text = (" ".join(entry.astext().split()) for entry in row.children)
        if purpose in DEFAULTS:
            same = re.search(r"as for (\w+)", text)
            budgets = {found["name"]: found["rates"] for found in BUDGET.finditer(text)}
            limits[purpose] = {**(limits[same[1]] if same else {}), **budgets}
    return limits


@pytest.mark.asvs("6.1.1")
def test_the_limits_of_the_page_are_those_that_hold() -> None:
    assert told() == {purpose: dict(budgets) for purpose, budgets in DEFAULTS.items()}
