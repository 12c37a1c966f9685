"""S. Every act against every other one, on one account, at the same moment."""

import json
import os
from dataclasses import asdict
from pathlib import Path

import pytest

from django_useraccounts.testing import lifted_limits
from django_useraccounts.testing.provider import FakeProvider
from tests.attacks.races import REPEATS
from tests.memberships.office import open_office
from tests.races.acts import ACTS
from tests.races.matrix import PAIRS, Races
from tests.social.visits import ISSUER

pytestmark = pytest.mark.django_db(transaction=True)

#: The file to which a nightly run has each pair written, as a line of JSON.
LOG = os.environ.get("USERACCOUNTS_RACE_LOG", "")


@pytest.mark.parametrize("first", list(ACTS))
def test_S_what_is_done_at_once_is_done_one_after_the_other(live_server, first):
    tallies = []
    with lifted_limits(), open_office(), FakeProvider(issuer=ISSUER) as provider:
        races = Races(live_server.url, provider)
        for pair in [pair for pair in PAIRS if pair[0] == first]:
            tallies.append(races.race(pair, repeats=REPEATS, ordered=True))
            if LOG:
                with Path(LOG).open("a") as lines:
                    lines.write(json.dumps(asdict(tallies[-1])) + "\n")

    faults = [f"{' × '.join(t.pair)}: {fault}" for t in tallies for fault in t.faults]
    assert not faults, "\n".join(faults)
