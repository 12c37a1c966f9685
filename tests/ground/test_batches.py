"""Rows some at a time: all of them, each once, and no statement reads many."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_useraccounts.batches import in_batches, keys_by_window, keys_in_order
from django_useraccounts.models import AttemptCounter

pytestmark = pytest.mark.django_db


@pytest.fixture
def counters():
    """Eleven counters, of which three have more than eight attempts."""
    rows = [AttemptCounter(key=f"{n:02}", attempts=n, ends_at=n) for n in (*range(8), 20, 30, 40)]
    AttemptCounter.objects.bulk_create(rows)
    return AttemptCounter.objects.all()


@pytest.mark.parametrize("size", [1, 2, 3, 5, 11, 12])
def test_all_come_once_and_in_order(counters, size):
    keys = sorted(row.key for row in counters)

    assert list(keys_in_order(counters, size)) == keys
    assert list(keys_by_window(counters, window=size)) == keys
    assert [row.key for row in in_batches(counters.order_by("-ends_at"), batch=size)] == keys


@pytest.mark.parametrize("size", [1, 4, 11, 99])
def test_of_those_that_are_wanted_none_is_left_out(counters, size):
    wanted = counters.filter(attempts__gt=8)

    assert list(keys_by_window(wanted, window=size)) == ["20", "30", "40"]
    assert list(keys_in_order(wanted, size)) == ["20", "30", "40"]


def test_a_window_is_a_part_of_the_table_and_not_of_what_is_wanted(counters):
    with CaptureQueriesContext(connection) as queries:
        assert list(keys_by_window(counters.filter(attempts=40), window=4)) == ["40"]

    # Two windows of four and the rest, each found and looked through.
    assert len(queries) == 2 * 3
    looks = [query["sql"] for query in queries if "40" in query["sql"].partition("WHERE")[2]]
    assert [("<=" in sql) for sql in looks] == [True, True, False]


def test_rows_that_go_meanwhile_hide_no_others(counters):
    seen = []
    for key in keys_by_window(counters, window=3):
        seen.append(key)
        counters.filter(key=key).delete()

    assert len(seen) == 11
    assert not counters.exists()


def test_no_more_than_a_batch_is_held(counters):
    rows = in_batches(counters, batch=4)

    with CaptureQueriesContext(connection) as queries:
        [next(rows) for _number in range(4)]
    assert len(queries) == 1
    with CaptureQueriesContext(connection) as queries:
        assert len(list(rows)) == 7
    assert len(queries) == 2
