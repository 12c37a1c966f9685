"""A site on a live server, where everything can be raced."""

from collections.abc import Iterator
from typing import Any

import pytest

from django_useraccounts.testing import lifted_limits
from django_useraccounts.testing.provider import FakeProvider
from tests.attacks.races import served_by
from tests.memberships.office import open_office
from tests.races.matrix import Races
from tests.sessions.visits import MIDDLEWARE
from tests.social.visits import ISSUER


@pytest.fixture
def races(live_server: Any) -> Iterator[Races]:
    with (
        served_by(live_server, MIDDLEWARE),
        lifted_limits(),
        open_office() as office,
        FakeProvider(issuer=ISSUER) as provider,
    ):
        yield Races(live_server.url, provider, office)
