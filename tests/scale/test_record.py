"""What was measured is what the page tells."""

import pytest

from benchmarks.scale.record import PAGE, Record, page
from benchmarks.scale.sizes import SCENARIOS

pytestmark = pytest.mark.one_database

#: What a request may cost at two million people, by that at a thousand.
MOST = 1.25


def test_the_page_shows_the_figures():
    assert PAGE.read_text() == page(Record.read())


def test_every_request_was_measured_and_costs_what_it_does_at_a_thousand():
    figures = Record.read().sizes["figures"]

    assert set(figures) == set(SCENARIOS)
    for name, by_size in figures.items():
        grown = by_size["2000000"]["milliseconds"] / by_size["1000"]["milliseconds"]
        assert grown <= MOST, name
