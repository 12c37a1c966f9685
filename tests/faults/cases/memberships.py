"""Periods are paid for, given back and over; Stripe is asked, and tells."""

from datetime import datetime, timedelta
from functools import cache

import stripe
from django.contrib.auth import get_user_model
from django.utils import timezone

from django_useraccounts.memberships.flows import (
    apply_event,
    end_membership,
    record_payment,
    refund_payment,
    remind_members,
    start_checkout,
    stop_renewals,
    tell_begun,
    tell_ended,
)
from django_useraccounts.memberships.models import Membership, Payment, Plan, StripeCustomer
from django_useraccounts.models import AbstractUser, Role
from django_useraccounts.testing import make_user
from tests.faults.harness import Act, case
from tests.memberships.bills import KEY, SECRET, Subscription, numbers, read
from tests.memberships.office import Office, serve

SELLING = {"MEMBERSHIPS": {"STRIPE_SECRET_KEY": KEY, "STRIPE_WEBHOOK_SECRET": SECRET}}


def in_days(number: int) -> datetime:
    return timezone.now() + timedelta(days=number)


def now() -> datetime:
    """Return the moment, as Stripe tells moments; never one of an hour ago, which is another row."""
    return timezone.now().replace(microsecond=0)


def patron() -> tuple[AbstractUser, Plan]:
    """Make somebody, and what she may buy."""
    role = Role.objects.create(name="member")
    plan = Plan.objects.create(name="patron", label="Patron", role=role, price_id="price_patron")
    return make_user("maria"), plan


def customer() -> Subscription:
    """Make somebody whom Stripe knows."""
    maria, _plan = patron()
    StripeCustomer.objects.create(user=maria, customer_id="cus_maria")
    numbers.begin_anew()
    return Subscription(str(maria.pk), begins=now())


@cache
def office() -> Office:
    """Answer for Stripe, to all cases."""
    return serve(Office())


def ask_office() -> Office:
    """Lead the library there, as if nobody had asked before."""
    stripe.api_base = office().url
    office().begin_anew()
    office().state = "active"
    return office()


@case(record_payment)
def the_first_one() -> Act:
    maria, plan = patron()
    until = in_days(30)
    return lambda: record_payment(maria, plan, until, reference="7")


@case(record_payment)
def the_next_one() -> Act:
    maria, plan = patron()
    record_payment(maria, plan, in_days(30))
    until = in_days(60)
    return lambda: record_payment(maria, plan, until, reference="8")


@case(refund_payment)
def one_of_two() -> Act:
    maria, plan = patron()
    payment = record_payment(maria, plan, in_days(30))
    record_payment(maria, plan, in_days(60))
    return lambda: refund_payment(payment)


@case(end_membership)
def with_a_period_to_come() -> Act:
    maria, plan = patron()
    record_payment(maria, plan, in_days(30))
    record_payment(maria, plan, in_days(60))
    membership = Membership.objects.get()
    return lambda: end_membership(membership)


@case(end_membership, **SELLING)
def of_a_subscription_whose_end_was_not_heard_of() -> Act:
    subscription = customer()
    for tree in (subscription.told("created", "active"), subscription.paid(0)):
        apply_event(read(tree))
    membership = Membership.objects.get()
    ask_office().state = "canceled"
    return lambda: end_membership(membership)


@case(apply_event, **SELLING)
def the_first_invoice() -> Act:
    event = read(customer().paid())
    return lambda: apply_event(event)


@case(apply_event, **SELLING)
def a_payment_that_fails() -> Act:
    subscription = customer()
    apply_event(read(subscription.paid()))
    event = read(subscription.failed(1))
    return lambda: apply_event(event)


@case(apply_event, **SELLING)
def the_end_of_a_subscription() -> Act:
    subscription = customer()
    for tree in (subscription.told("created", "active"), subscription.paid(0)):
        apply_event(read(tree))
    event = read(subscription.deleted(now()))
    return lambda: apply_event(event)


@case(apply_event, **SELLING)
def another_plan() -> Act:
    subscription = customer()
    for tree in (subscription.told("created", "active"), subscription.paid(0)):
        apply_event(read(tree))
    role = Role.objects.create(name="friend")
    Plan.objects.create(name="friend", label="Friend", role=role, price_id="price_friend")
    event = read(subscription.paid_change("price_friend", at=now()))
    return lambda: apply_event(event)


@case(apply_event, **SELLING)
def a_charge_that_is_given_back() -> Act:
    subscription = customer()
    apply_event(read(subscription.paid(0)))
    ask_office().invoices["pi_sub_1_0"] = subscription.invoice(0)
    event = read(subscription.refunded(0))
    return lambda: apply_event(event)


@case(apply_event, **SELLING)
def an_invoice_of_which_stripe_has_sent_the_first_lines_alone() -> Act:
    subscription = customer()
    whole = subscription.invoice(0)["lines"]
    ask_office().lines["in_sub_1_0"] = whole["data"]
    event = read(subscription.paid(0, lines={"data": [], "has_more": True}))
    return lambda: apply_event(event)


def become_a_customer() -> None:
    """Be known to Stripe, and at no checkout yet: who clicks once more goes on from here."""
    maria = get_user_model().objects.get(username="maria")
    StripeCustomer.objects.create(user=maria, customer_id="cus_1")


@case(start_checkout, between=(become_a_customer,), **SELLING)
def for_the_first_time() -> Act:
    maria, plan = patron()
    ask_office()
    return lambda: start_checkout(maria, plan)


@case(start_checkout, **SELLING)
def as_a_customer() -> Act:
    maria, plan = patron()
    StripeCustomer.objects.create(user=maria, customer_id="cus_maria")
    ask_office()
    return lambda: start_checkout(maria, plan)


@case(start_checkout, **SELLING)
def in_the_place_of_one_that_is_open() -> Act:
    maria, plan = patron()
    ask_office()
    start_checkout(maria, plan)
    return lambda: start_checkout(maria, plan)


@case(stop_renewals, **SELLING)
def of_an_account_that_was_erased() -> Act:
    subscription = customer()
    apply_event(read(subscription.told("created", "active")))
    Membership.objects.get().user.delete()
    ask_office()
    return stop_renewals


@case(tell_begun)
def one_that_was_paid_for_ahead() -> Act:
    maria, plan = patron()
    payment = record_payment(maria, plan, in_days(30), since=in_days(3))
    # As if the days had gone by.
    Payment.objects.filter(pk=payment.pk).update(starts_at=in_days(-1))
    Membership.objects.update(paid_from=in_days(-1))
    return tell_begun


@case(remind_members)
def one_whose_end_is_near() -> Act:
    maria, plan = patron()
    record_payment(maria, plan, in_days(3))
    return remind_members


@case(tell_ended)
def one_that_was_ended() -> Act:
    maria, plan = patron()
    record_payment(maria, plan, in_days(3))
    end_membership(Membership.objects.get())
    return tell_ended
