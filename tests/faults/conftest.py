"""What the loops of faults share: tables of their own."""

from collections.abc import Iterator

import pytest
import stripe
from django.contrib.auth import get_user_model

from tests.faults.harness import empty


@pytest.fixture
def _rows(transactional_db: None) -> Iterator[None]:
    """Begin without rows, and let no user have the number of an address."""
    for number in range(7):
        get_user_model().objects.create(username=f"number{number}")
    empty()
    yield
    empty()


@pytest.fixture(autouse=True)
def _way_to_stripe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put back the address of Stripe, which a case may lead to an office of its own."""
    monkeypatch.setattr(stripe, "api_base", stripe.api_base)
