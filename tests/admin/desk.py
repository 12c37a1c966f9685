"""Who administers, with nothing written down yet, for tests of what is."""

import pytest
from django.test import Client

from django_useraccounts.models import AccountEvent
from django_useraccounts.testing import log_in, make_user


@pytest.fixture
def boss():
    return make_user("boss", is_staff=True, is_superuser=True)


@pytest.fixture
def desk(boss):
    """The browser of a superuser, to whom an error is shown as to anybody."""
    client = log_in(Client(raise_request_exception=False), boss)
    AccountEvent.objects.all().delete()
    return client
