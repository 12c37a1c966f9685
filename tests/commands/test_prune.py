"""The command that deletes what has lost its meaning."""

import time
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from django_useraccounts.models import AttemptCounter, OneTimeSecret, UserEmail
from django_useraccounts.secrets import RESET_PASSWORD, issue
from django_useraccounts.testing import make_user

pytestmark = pytest.mark.django_db


def prune():
    out = StringIO()
    call_command("useraccounts_prune", stdout=out)
    return out.getvalue().strip()


def test_only_counters_whose_time_is_over_go():
    now = int(time.time())
    AttemptCounter.objects.create(key="over", attempts=3, ends_at=now - 10)
    AttemptCounter.objects.create(key="runs", attempts=3, ends_at=now + 100)

    assert prune() == "1 counters, 0 links"

    assert AttemptCounter.objects.get().key == "runs"


def test_an_expired_link_stays_long_enough_to_say_so():
    make_user()
    address = UserEmail.objects.get()
    ages = {"new": -1, "expired": 5, "forgotten": 31}
    links = {name: issue(RESET_PASSWORD, address=address) for name in ages}
    for name, days in ages.items():
        links[name].expires_at = timezone.now() - timedelta(days=days)
        links[name].save()

    assert prune() == "0 counters, 1 links"

    assert set(OneTimeSecret.objects.all()) == {links["new"], links["expired"]}
