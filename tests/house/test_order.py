"""In which order a parallel run has its tests."""

import pytest

from tests.conftest import _spread

pytestmark = pytest.mark.one_database


class Item:
    def __init__(self, *marks: str) -> None:
        self.marks = marks

    def get_closest_marker(self, mark: str) -> bool:
        return mark in self.marks


@pytest.mark.parametrize("workers", [2, 3, 4])
@pytest.mark.parametrize("others", [2, 7, 100])
def test_each_long_suite_begins_the_share_of_another_worker(workers, others):
    suites = [Item("databases"), Item("databases")]
    items = [*suites, *(Item() for _ in range(others))]

    spread = _spread(items, workers=workers)

    assert sorted(map(id, spread)) == sorted(map(id, items))
    assert [spread.index(suite) for suite in suites] == [0, len(items) // workers]
