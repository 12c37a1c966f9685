"""
S. Every act against every other one, on one account, at the same moment.

In an ordinary run an eighth of the pairs is raced once on PostgreSQL, another one on MariaDB, others
each day; SQLite, which lets one write at a time, does one act in the midst of another, for some
pairs, others each time. CI has a 28th of the pairs, another one each day, twenty times
besides, on each of the two servers, and compares it with one act after the other. ``python -m
tests.races`` does all of it for all pairs.
"""

import json
import os
import random
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from django.db import connection

from tests.attacks import races as other_races
from tests.choosing import today
from tests.races.acts import ACTS
from tests.races.matrix import PAIRS, Pair, Tally

pytestmark = pytest.mark.django_db(transaction=True)

#: How often a nightly run has each pair raced, which tenth (or so) of them it has, such as 3/10, and
#: where it has them written down, a line each.
REPEATS = int(os.environ.get("USERACCOUNTS_MATRIX_REPEATS", "0"))
PART = os.environ.get("USERACCOUNTS_MATRIX_PART", "1/1")
LOG = os.environ.get("USERACCOUNTS_MATRIX_LOG", "")
#: From so many repeats of other races on, as CI has, a part of the pairs is raced as often.
MANY = 20
#: In so many days CI has had each pair many times on each server, and ordinary runs have had it once.
DAYS, DAYS_OF_ONCE = 40, 8
#: One pair of so many is compared with one act after the other in an ordinary run on SQLite.
ROTATION = 24


@pytest.mark.parametrize("first", list(ACTS))
def test_S_what_is_done_at_once_is_done_one_after_the_other(races, first):
    pairs = [pair for pair in PAIRS if pair[0] == first]
    tallies = [
        tally
        for some, repeats, ordered in chosen(pairs)
        for tally in races.race(some, repeats=repeats, ordered=ordered)
    ]

    write_down(tallies)
    faults = [f"{' × '.join(t.pair)}: {fault}" for t in tallies for fault in t.faults]
    assert not faults, "\n".join(faults)


def chosen(pairs: list[Pair]) -> Iterator[tuple[list[Pair], int, bool]]:
    """Yield pairs, how often to race them, and whether to compare them with their orders."""
    if REPEATS:
        yield [pair for pair in pairs if is_in_part(pair)], REPEATS, True
    elif connection.vendor == "sqlite":
        # By the seed of the run: pytest-randomly prints it, and takes it with -p randomly_seed.
        yield random.sample(pairs, k=-(-len(pairs) // ROTATION)), 0, True
    else:
        yield [pair for pair in pairs if _turn(pair) % DAYS_OF_ONCE == 0], 1, False
        if other_races.REPEATS >= MANY:
            yield [pair for pair in pairs if _turn(pair) % DAYS == 0], MANY, True


def is_in_part(pair: Pair) -> bool:
    part, parts = map(int, PART.split("/"))
    return PAIRS.index(pair) % parts == part - 1


def _turn(pair: Pair) -> int:
    """Return a number that goes up each day, and is another one on the other server."""
    return PAIRS.index(pair) + today() + (connection.vendor == "mysql")


def write_down(tallies: list[Tally]) -> None:
    if LOG:
        with Path(LOG).open("a") as lines:
            lines.writelines(json.dumps(asdict(tally)) + "\n" for tally in tallies)
