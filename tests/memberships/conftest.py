"""A plan, somebody who may buy it, and a Stripe of our own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from django.utils import timezone

from django_useraccounts.memberships.models import Membership, Payment, Plan, StripeCustomer
from django_useraccounts.models import AbstractUser, OutgoingMail, Role, RoleGrant
from django_useraccounts.testing import make_user
from tests.memberships.bills import KEY, SECRET, Subscription
from tests.memberships.office import Office, open_office


@pytest.fixture
def keys(set_conf: Callable[..., None]) -> None:
    """Let the site sell by Stripe."""
    set_conf(MEMBERSHIPS={"STRIPE_SECRET_KEY": KEY, "STRIPE_WEBHOOK_SECRET": SECRET})


@pytest.fixture
def office(keys: None) -> Iterator[Office]:
    """Answer for Stripe."""
    with open_office() as office:
        yield office


@pytest.fixture
def plan(db: None) -> Plan:
    """What is for sale."""
    return make_plan()


def make_plan(name: str = "patron", role: str = "member", **fields: Any) -> Plan:
    granted, _is_new = Role.objects.get_or_create(name=role)
    usual = {"label": name.title(), "price": "€ 5 a month", "price_id": f"price_{name}"}
    return Plan.objects.create(name=name, role=granted, **{**usual, **fields})


@pytest.fixture
def maria(db: None) -> AbstractUser:
    return make_user("maria")


@pytest.fixture
def subscription(keys: None, plan: Plan, maria: AbstractUser) -> Subscription:
    """Maria has been at the checkout: Stripe knows her."""
    StripeCustomer.objects.create(user=maria, customer_id="cus_maria")
    return Subscription(str(maria.pk))


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Let it be another time."""
    with mock.patch.object(timezone, "now", return_value=moment):
        yield


def days(number: float) -> timedelta:
    return timedelta(days=number)


def opens(user: AbstractUser, role: str = "member", moment: datetime | None = None) -> bool:
    """Say whether the role of a user counts at a moment, as stored."""
    grants = RoleGrant.objects.in_force(moment).filter(user=user, role__name=role)
    return grants.exists()


def kinds_of_mail() -> list[str]:
    return list(OutgoingMail.objects.order_by("pk").values_list("kind", flat=True))


def states() -> list[str]:
    return list(Payment.objects.order_by("starts_at").values_list("state", flat=True))


def only() -> Membership:
    return Membership.objects.get()
