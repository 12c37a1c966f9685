"""Events in any order, and any number of times, end as they do in the true order."""

import itertools
import random
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_useraccounts.memberships.flows import apply_event
from django_useraccounts.memberships.models import Membership, Payment, Plan
from django_useraccounts.models import RoleGrant
from tests.memberships.bills import Subscription, credit_of, line_of, read
from tests.memberships.conftest import days, make_plan

pytestmark = pytest.mark.django_db


class Undo(Exception):
    """Take back what an order of events has done."""


def outcome(user, events):
    """Return what is left after the events, in this order, and take it back."""
    try:
        with transaction.atomic():
            for event in events:
                apply_event(event)
            found = result(user)
            raise Undo
    except Undo:
        return found


def result(user):
    """Return what is shown of the membership, and which roles count at every moment to come."""
    [membership] = Membership.objects.of(user)
    shown = (
        *(membership.plan.name, membership.state, membership.version, membership.is_over),
        *(membership.ends_at, membership.ended_at, membership.paid_until),
    )
    payments = Payment.objects.order_by("reference")
    periods = list(payments.values_list("reference", "state", "starts_at", "ends_at"))
    now = timezone.now()
    moments = [now + days(day) for day in (0, 0.1, 1, 29, 31, 34, 59, 61, 64, 89, 91, 94, 400)]
    roles = [
        set(RoleGrant.objects.in_force(moment).filter(user=user).values_list("role__name"))
        for moment in moments
    ]
    return shown, periods, roles


def life_of_who_stays(subscription):
    """A year cut short: three periods, the second paid at the second try."""
    begins = subscription.begins
    return [
        subscription.told("created", "incomplete"),
        subscription.told("updated", "active"),  # in the same second
        subscription.paid(0),
        subscription.checked_out(),
        subscription.failed(1),
        subscription.told("updated", "past_due", at=begins + days(30), number=1),
        subscription.paid(1),
        subscription.told("updated", "active", at=begins + days(31), number=1),
    ]


def life_of_who_cancels(subscription):
    # Told of in the past: what has ended, has ended.
    subscription.begins -= days(20)
    begins = subscription.begins
    return [
        subscription.told("created", "active"),
        subscription.paid(0),
        subscription.told("updated", "active", at=begins + days(5), cancel_at_period_end=True),
        subscription.told("updated", "active", at=begins + days(6)),
        subscription.deleted(begins + days(7)),
        subscription.paid(1),
    ]


def life_of_who_changes_the_plan(subscription):
    begins = subscription.begins
    later = Subscription(subscription.user_key, price="price_friend", begins=begins)
    return [
        subscription.told("created", "active"),
        subscription.paid(0),
        later.told("updated", "active", at=begins + days(1)),
        subscription.told("updated", "past_due", at=begins),
        later.paid(1),
    ]


def life_of_who_changes_to_what_the_card_does_not_pay(subscription):
    begins = subscription.begins
    dearer = Subscription(subscription.user_key, price="price_friend", begins=begins)
    return [
        subscription.told("created", "active"),
        subscription.paid(0),
        dearer.told("updated", "active", at=begins + days(1)),
        dearer.failed(0, id="in_of_the_change"),
        dearer.told("updated", "past_due", at=begins + days(1)),
    ]


def life_of_who_changes_from_a_year_to_a_month(subscription):
    begins, change = subscription.begins, subscription.begins + days(1)
    year = begins + days(365)
    cheap = Subscription(subscription.user_key, price="price_friend", begins=change)
    lines = [
        line_of("price_patron", change, year, amount=-4990),
        line_of("price_friend", *cheap.period(0)),
    ]
    return [
        subscription.told("created", "active"),
        subscription.paid(0, lines={"data": [line_of("price_patron", begins, year)]}),
        cheap.told("updated", "active", at=change),
        cheap.paid(1, lines={"data": lines}),
        cheap.told("updated", "past_due", at=change + days(30), number=1),
    ]


def life_of_who_gets_money_back(subscription):
    begins = subscription.begins
    return [
        subscription.told("created", "active"),
        subscription.paid(0),
        subscription.failed(1),
        subscription.paid(1),
        subscription.refunded(1),
        subscription.told("updated", "active", at=begins + days(2), cancel_at_period_end=True),
    ]


def life_of_who_gives_up_a_change_that_was_not_paid(subscription):
    begins, end = subscription.period(0)
    once, again = begins + days(0.01), begins + days(0.02)
    dearer = Subscription(subscription.user_key, price="price_friend", begins=begins)
    up = [credit_of("in_sub_1_0", "price_patron", once, end), line_of("price_friend", once, end)]
    down = [credit_of("in_up", "price_friend", again, end), line_of("price_patron", again, end)]
    return [
        subscription.told("created", "active"),
        subscription.paid(0),
        dearer.failed(0, id="in_up", lines={"data": up}),
        dearer.told("updated", "past_due", at=once),
        subscription.paid(0, id="in_down", lines={"data": down}),
        subscription.told("updated", "active", at=again),
    ]


def life_of_who_pays_late_for_what_was_given_back(subscription):
    begins, end = subscription.begins, subscription.period(1)[1]
    change = begins + days(30.5)
    dearer = Subscription(subscription.user_key, price="price_friend", begins=begins)
    down = [credit_of("in_sub_1_1", "price_friend", change, end)]
    down += [line_of("price_patron", change, end)]
    return [
        dearer.told("created", "active"),
        dearer.paid(0),
        dearer.failed(1),
        subscription.told("updated", "past_due", at=change, number=1),
        subscription.paid(1, id="in_down", lines={"data": down}),
        dearer.paid(1),
    ]


LIVES = [
    life_of_who_stays,
    life_of_who_cancels,
    life_of_who_changes_the_plan,
    life_of_who_changes_to_what_the_card_does_not_pay,
    life_of_who_changes_from_a_year_to_a_month,
    life_of_who_gets_money_back,
    life_of_who_gives_up_a_change_that_was_not_paid,
    life_of_who_pays_late_for_what_was_given_back,
]


@pytest.fixture
def explained(subscription, office):
    """Let Stripe say for which invoices its charges were."""
    make_plan("friend", role="friend")
    for number in range(3):
        office.invoices[f"pi_sub_1_{number}"] = subscription.invoice(number)
    return subscription


@pytest.mark.parametrize("life", LIVES)
def test_every_order_of_a_short_life_ends_as_the_true_one(explained, maria, life):
    events = [read(tree) for tree in life(explained)]
    true = outcome(maria, events)

    orders = list(itertools.permutations(events))
    # All of them are tens of thousands; these are others each time.
    for order in random.sample(orders, min(len(orders), 20)):
        assert outcome(maria, order) == true, [event.kind for event in order]


@pytest.mark.parametrize("life", LIVES)
def test_the_reverse_order_ends_as_the_true_one(explained, maria, life):
    events = [read(tree) for tree in life(explained)]

    assert outcome(maria, events[::-1]) == outcome(maria, events)


@pytest.mark.parametrize("life", LIVES)
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(data=st.data())
def test_repetitions_change_nothing(explained, maria, life, data):
    events = [read(tree) for tree in life(explained)]
    again = data.draw(st.lists(st.sampled_from(events), max_size=8))
    order = data.draw(st.permutations([*events, *again]))

    assert outcome(maria, order) == outcome(maria, events)


def test_who_has_ended_before_the_payment_was_heard_of_is_not_welcomed(explained):
    paid, deleted = explained.paid(0), explained.deleted(timezone.now())

    for tree in (deleted, paid):
        apply_event(read(tree))

    assert Membership.objects.get().started_at is None
    assert not RoleGrant.objects.exists()


def test_of_two_events_of_one_second_the_one_counts_that_comes_later_in_a_life(subscription):
    trees = [
        subscription.told("created", "past_due"),
        subscription.told("updated", "incomplete"),
        subscription.told("updated", "active"),
        subscription.told("updated", "active", cancel_at_period_end=True),
        subscription.told("updated", "past_due"),
        subscription.deleted(subscription.begins),
    ]

    versions = [read(tree).news.version for tree in trees]

    assert versions == sorted(versions)


#: What becomes of an invoice.
FATES = ("paid", "failed", "failed paid", "awaited", "awaited failed paid", "paid refunded")
PLANS = ("patron", "friend")
#: To which plan, after how many hours, in the place of which period, and what becomes of it; also
#: whether Stripe says of which invoice it gives the rest back.
CHANGES = st.tuples(
    st.sampled_from(PLANS),
    st.integers(1, 700),
    st.integers(0, 3),
    st.sampled_from(FATES),
    st.booleans(),
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    days_ago=st.integers(0, 33),
    fate=st.sampled_from(FATES),
    changes=st.lists(CHANGES, max_size=3),
    wishes=st.lists(st.tuples(st.sampled_from(PLANS), st.sampled_from(["active", "past_due"]))),
    data=st.data(),
)
def test_any_bills_end_the_same_in_any_order(
    explained, office, maria, days_ago, fate, changes, wishes, data
):
    Plan.objects.filter(name="friend").update(grace_days=20)
    begins = timezone.now().replace(microsecond=0) - days(days_ago)
    first = replace(explained, begins=begins)
    told = [[first.told("created", "active")], bill(first, office, 0, [], fate)]
    made = [("patron", begins, begins + days(30))]
    for number, (plan, hours, which, fate_of_it, is_named) in enumerate(changes, 1):
        old, start, end = made[which % len(made)]
        at = start + timedelta(hours=hours)
        rest = credit_of(f"in_sub_1_{which % len(made)}", f"price_{old}", at, end)
        credit = rest if is_named else {**rest, "parent": None}
        if at < end:
            lines = [credit, line_of(f"price_{plan}", at, end)]
            told.append(bill(explained, office, number, lines, fate_of_it))
        # Also one that is not there: of a bill of before the site.
        made.append((plan, at, max(end, at + days(1))))
    for second, (plan, status) in enumerate(wishes, 1):
        wish = replace(first, price=f"price_{plan}")
        told.append([wish.told("updated", status, at=begins + timedelta(seconds=second))])
    events = [read(tree) for trees in told for tree in trees]

    order = data.draw(st.permutations(events))

    assert outcome(maria, order) == outcome(maria, events)


def bill(subscription, office, number, lines, fate):
    """Return what is told of an invoice, the one of the first period where no lines are named."""
    more = {"lines": {"data": lines}} if lines else {}
    office.invoices[f"pi_sub_1_{number}"] = subscription.invoice(number, **more)
    tell = {
        "paid": partial(subscription.paid, **more),
        "failed": partial(subscription.failed, **more),
        "awaited": partial(subscription.awaited, **more),
    }
    tell["refunded"] = subscription.refunded
    return [tell[what](number) for what in fate.split()]
