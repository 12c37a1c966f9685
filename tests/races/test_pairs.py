"""S. Every act against every other one, on one account, at the same moment."""

import pytest

from django_useraccounts.testing import lifted_limits
from django_useraccounts.testing.provider import FakeProvider
from tests.attacks.races import REPEATS
from tests.memberships.office import open_office
from tests.races.acts import ACTS
from tests.races.matrix import PAIRS, clear, race
from tests.races.world import World
from tests.social.visits import ISSUER

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("first", list(ACTS))
def test_S_what_is_done_at_once_is_done_one_after_the_other(live_server, first):
    World.build_the_house()
    pairs = [pair for pair in PAIRS if pair[0] == first]
    with lifted_limits(), open_office(), FakeProvider(issuer=ISSUER) as provider:
        tallies = [
            race(pair, repeats=REPEATS, origin=live_server.url, provider=provider, ordered=True)
            for pair in pairs
        ]
    clear()

    faults = [f"{' × '.join(t.pair)}: {fault}" for t in tallies for fault in t.faults]
    assert not faults, "\n".join(faults)
