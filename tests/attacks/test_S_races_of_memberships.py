"""S. Races about memberships: deliveries, records, clicks and commands at the same moment."""

import http.client
import itertools
import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, connection
from django.utils import timezone

from django_useraccounts.errors import AccountError, UserVanished
from django_useraccounts.memberships.flows import (
    apply_event,
    record_payment,
    remind_members,
    start_checkout,
    tell_ended,
)
from django_useraccounts.memberships.models import (
    Membership,
    Payment,
    Plan,
    ProviderEvent,
    StripeCustomer,
)
from django_useraccounts.models import AbstractUser, AccountEvent, OutgoingMail, Role, RoleGrant
from django_useraccounts.testing import make_user
from tests.attacks.browsers import url
from tests.attacks.races import PATIENCE, at_once
from tests.attacks.test_S_races import repeatedly
from tests.memberships.bills import KEY, SECRET, Subscription, read, signature
from tests.memberships.office import open_office

pytestmark = pytest.mark.django_db(transaction=True)

User = get_user_model()
#: Stripe signs each delivery anew.
SECONDS = itertools.count()


@pytest.fixture(autouse=True)
def office(set_conf):
    keys = {"STRIPE_SECRET_KEY": KEY, "STRIPE_WEBHOOK_SECRET": SECRET}
    set_conf(MEMBERSHIPS=keys, MAIL_DELIVERY="command")
    with open_office() as office:
        yield office


def rounds() -> Iterator[Subscription]:
    """Yield what Stripe sends of a customer, once for each repetition of a race."""
    clear()
    for _ in repeatedly():
        role, _is_new = Role.objects.get_or_create(name="member")
        Plan.objects.create(name="patron", label="Patron", role=role, price_id="price_patron")
        maria = make_user("maria")
        StripeCustomer.objects.create(user=maria, customer_id="cus_maria")
        yield Subscription(str(maria.pk))
        clear()


def clear() -> None:
    for model in (Payment, Membership, Plan, ProviderEvent, StripeCustomer, RoleGrant):
        model.objects.all().delete()
    OutgoingMail.objects.all().delete()
    AccountEvent.objects.all().delete()
    User.objects.all().delete()


def delivering(origin: str, tree: object) -> Callable[[], int]:
    """Return the delivery of an event, by a connection of its own and with a signature of its own."""
    body, at = json.dumps(tree), time.time() - next(SECONDS) % 200
    headers = {"Stripe-Signature": signature(body, at=at), "Content-Type": "application/json"}

    def deliver() -> int:
        line = http.client.HTTPConnection(urlsplit(origin).netloc, timeout=PATIENCE)
        try:
            line.request("POST", url("stripe_webhook"), body, headers)
            return line.getresponse().status
        finally:
            line.close()

    return deliver


def calling(flow: Callable[..., object], *args: object, **kwargs: object) -> Callable[[], object]:
    """Return a call of a flow for a thread, whose connection it closes; errors are its answer."""

    def call() -> object:
        try:
            return flow(*args, **kwargs)
        except AccountError as error:
            return error
        finally:
            connection.close()

    return call


def delete_unless_used(user: AbstractUser) -> None:
    """Delete a user as Django does, which looks for what hangs on it before it takes a lock."""
    with suppress(IntegrityError):
        User.objects.filter(pk=user.pk).delete()


def mails() -> list[str]:
    return sorted(OutgoingMail.objects.values_list("kind", flat=True))


def test_S_one_event_that_is_delivered_six_times_at_once_counts_once(live_server):
    for subscription in rounds():
        tree = subscription.paid()

        statuses = at_once(*(delivering(live_server.url, tree) for _ in range(6)))

        assert statuses == [200] * 6
        assert ProviderEvent.objects.count() == Payment.objects.count() == 1
        assert RoleGrant.objects.in_force().count() == Membership.objects.count() == 1
        assert AccountEvent.objects.filter(kind="payment_recorded").count() == 1
        assert mails() == ["membership_started"]


def test_S_one_delivery_that_is_played_six_times_at_once_is_taken_once(live_server):
    for subscription in rounds():
        played = delivering(live_server.url, subscription.paid())

        statuses = at_once(*[played] * 6)

        assert sorted(statuses) == [200, *[400] * 5]
        assert RoleGrant.objects.count() == Payment.objects.count() == 1


def test_S_all_events_of_a_checkout_at_once_make_one_membership(live_server):
    for subscription in rounds():
        trees = [
            subscription.checked_out(),
            subscription.told("created", "incomplete"),
            subscription.told("updated", "active"),
            subscription.paid(0),
            subscription.paid(0),
            subscription.failed(0),
        ]

        statuses = at_once(*(delivering(live_server.url, tree) for tree in trees))

        assert statuses == [200] * 6
        membership = Membership.objects.get()
        assert membership.shown_state == "running"
        assert Payment.objects.get().state == "paid"
        assert RoleGrant.objects.in_force().count() == 1
        assert mails() == ["membership_started"]


def test_S_a_payment_and_its_refund_at_once_open_nothing(live_server, office):
    for subscription in rounds():
        office.invoices["pi_sub_1_0"] = subscription.invoice()
        trees = [subscription.paid(), subscription.refunded(), subscription.refunded()]

        statuses = at_once(*(delivering(live_server.url, tree) for tree in trees))

        assert statuses == [200] * 3
        assert Payment.objects.get().state == "refunded"
        assert not RoleGrant.objects.in_force().exists()
        assert AccountEvent.objects.filter(kind="payment_refunded").count() == 1


def test_S_a_payment_and_the_end_at_once_open_nothing(live_server):
    for subscription in rounds():
        trees = [
            subscription.paid(0),
            subscription.told("updated", "active"),
            subscription.deleted(timezone.now()),
        ]

        at_once(*(delivering(live_server.url, tree) for tree in trees))

        assert Membership.objects.get().state == "ended"
        assert not RoleGrant.objects.in_force().exists()


def test_S_events_of_several_customers_do_not_disturb_one_another(live_server):
    for subscription in rounds():
        lives = [subscription]
        for number in range(3):
            user = make_user(f"user{number}")
            StripeCustomer.objects.create(user=user, customer_id=f"cus_{number}")
            lives.append(Subscription(str(user.pk), customer=f"cus_{number}", id=f"sub_x{number}"))
        trees = [life.paid(number) for life in lives for number in (0, 1)]

        statuses = at_once(*(delivering(live_server.url, tree) for tree in trees))

        assert statuses == [200] * 8
        assert Membership.objects.count() == 4
        assert RoleGrant.objects.count() == 8


def test_S_one_transfer_that_is_recorded_four_times_at_once_counts_once():
    for _subscription in rounds():
        maria, plan = User.objects.get(), Plan.objects.get()
        until = timezone.now() + timedelta(days=30)

        acts = [calling(record_payment, maria, plan, until, reference="7") for _ in range(4)]
        payments = at_once(*acts)

        assert len({payment.pk for payment in payments}) == 1
        assert Membership.objects.count() == RoleGrant.objects.count() == 1
        assert mails() == ["membership_started"]


def test_S_one_reference_for_two_people_at_once_is_of_one():
    for _subscription in rounds():
        maria, plan = User.objects.get(), Plan.objects.get()
        until = timezone.now() + timedelta(days=30)
        people = (maria, make_user("ada"))

        acts = [calling(record_payment, user, plan, until, reference="7") for user in people]
        answers = at_once(*acts)

        assert sorted(type(answer).__name__ for answer in answers) == ["Payment", "ReferenceTaken"]
        assert RoleGrant.objects.count() == 1


def test_S_a_payment_for_who_is_deleted_at_the_moment_is_whole_or_refused():
    for _subscription in rounds():
        maria, plan = User.objects.get(), Plan.objects.get()
        until = timezone.now() + timedelta(days=30)

        recorded, _ = at_once(
            calling(record_payment, maria, plan, until), calling(delete_unless_used, maria)
        )

        # Whoever was first: the account has all of it, or there is neither.
        is_there = User.objects.exists()
        assert is_there or not RoleGrant.objects.exists()
        assert is_there or not Membership.objects.filter(user__isnull=False).exists()
        assert isinstance(recorded, Payment | UserVanished)


def test_S_two_checkouts_at_once_are_of_one_customer(office):
    for _subscription in rounds():
        StripeCustomer.objects.all().delete()
        maria, plan = User.objects.get(), Plan.objects.get()

        urls = at_once(*(calling(start_checkout, maria, plan) for _ in range(3)))

        begun = {session["url"]: session for session in office.sessions.values()}
        assert {begun[url]["customer"] for url in urls} == {
            StripeCustomer.objects.get().customer_id
        }


@pytest.mark.parametrize("flow, days", [(remind_members, 3), (tell_ended, -9)])
def test_S_a_command_that_runs_three_times_at_once_mails_once(flow, days):
    for subscription in rounds():
        apply_event(read(subscription.paid()))
        end = timezone.now() + timedelta(days=days)
        memberships = Membership.objects.all()
        memberships.update(paid_until=end, counts_until=end, state="late", ends_at=end)
        OutgoingMail.objects.all().delete()

        numbers = at_once(*(calling(flow) for _ in range(3)))

        assert sorted(numbers) == [0, 0, 1]
        assert len(mails()) == 1
