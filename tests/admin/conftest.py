"""Who is at the administration."""

import pytest

from django_useraccounts.models import AccountEvent
from django_useraccounts.testing import log_in, make_user


@pytest.fixture
def boss(db):
    return make_user("boss", is_staff=True, is_superuser=True)


@pytest.fixture
def office(client, boss):
    """A browser in which the superuser is logged in; its login is no event."""

    log_in(client, boss)
    AccountEvent.objects.all().delete()
    return client
