"""What the loops of faults share: tables of their own, and the middleware of the room of sessions."""

from collections.abc import Iterator

import pytest
import stripe
from django.contrib.auth import get_user_model
from pytest_django import Settings

from tests.faults.harness import empty
from tests.sessions.visits import MIDDLEWARE


@pytest.fixture
def _rows(transactional_db: None) -> Iterator[None]:
    """Begin without rows, and let no user have the number of an address."""
    for number in range(7):
        get_user_model().objects.create(username=f"number{number}")
    empty()
    yield
    empty()


@pytest.fixture(autouse=True)
def _watched(settings: Settings) -> None:
    """Keep the list of sessions, as a site does that has the room."""
    settings.MIDDLEWARE = MIDDLEWARE


@pytest.fixture(autouse=True)
def _way_to_stripe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put back the address of Stripe, which a case may lead to an office of its own."""
    monkeypatch.setattr(stripe, "api_base", stripe.api_base)
