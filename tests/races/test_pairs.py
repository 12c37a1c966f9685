"""
S. Every act against every other one, on one account, at the same moment.

In an ordinary run PostgreSQL and MariaDB race each pair once; SQLite, which lets one write at a
time, does one act in the midst of another, for some pairs, others each time. ``python -m
tests.races`` does all of it for all pairs.
"""

import json
import os
import random
from dataclasses import asdict
from pathlib import Path

import pytest
from django.db import connection

from django_useraccounts.testing import lifted_limits
from django_useraccounts.testing.provider import FakeProvider
from tests.memberships.office import open_office
from tests.races.acts import ACTS
from tests.races.matrix import PAIRS, Races
from tests.social.visits import ISSUER

pytestmark = pytest.mark.django_db(transaction=True)

#: How often a nightly run has each pair raced, and where it has them written down, a line each.
REPEATS = int(os.environ.get("USERACCOUNTS_MATRIX_REPEATS", "0"))
LOG = os.environ.get("USERACCOUNTS_MATRIX_LOG", "")
#: One pair of so many is compared with one act after the other in an ordinary run.
ROTATION = 12


@pytest.mark.parametrize("first", list(ACTS))
def test_S_what_is_done_at_once_is_done_one_after_the_other(live_server, first):
    pairs, tallies = [pair for pair in PAIRS if pair[0] == first], []
    # By the seed of the run: pytest-randomly prints it, and takes it with -p randomly_seed.
    compared = set(random.sample(pairs, k=-(-len(pairs) // ROTATION)))
    is_serial = connection.vendor == "sqlite"
    with lifted_limits(), open_office(), FakeProvider(issuer=ISSUER) as provider:
        races = Races(live_server.url, provider)
        for pair in pairs:
            if REPEATS:
                tallies.append(races.race(pair, repeats=REPEATS, ordered=True))
            elif not is_serial:
                tallies.append(races.race(pair, repeats=1, ordered=False))
            elif pair in compared:
                tallies.append(races.race(pair, repeats=0, ordered=True))
            if LOG:
                with Path(LOG).open("a") as lines:
                    lines.write(json.dumps(asdict(tallies[-1])) + "\n")

    faults = [f"{' × '.join(t.pair)}: {fault}" for t in tallies for fault in t.faults]
    assert not faults, "\n".join(faults)
