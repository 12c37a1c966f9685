"""What the loops of faults share: tables of their own."""

from collections.abc import Iterator

import pytest
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
