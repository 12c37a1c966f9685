"""Every kind of event that matters: what it changes, and what it leaves alone."""

import json
from datetime import UTC, datetime

import pytest
from django.utils import timezone

from django_useraccounts.memberships.errors import ForeignEvent, StripeUnreachable, UnknownPlan
from django_useraccounts.memberships.flows import apply_event, record_payment
from django_useraccounts.memberships.models import (
    Membership,
    Payment,
    Plan,
    ProviderEvent,
    StripeCustomer,
)
from django_useraccounts.memberships.stripe.events import read_event, read_invoice
from django_useraccounts.models import AccountEvent, RoleGrant
from django_useraccounts.testing import make_user
from tests.memberships.bills import Subscription, event, line_of, post, read, seconds
from tests.memberships.conftest import at, days, kinds_of_mail, make_plan, only, opens, states

pytestmark = pytest.mark.django_db


def hear(*trees):
    return [apply_event(read(tree)) for tree in trees]


@pytest.mark.parametrize("is_old", [False, True])
def test_an_invoice_that_is_paid_gives_the_role_for_its_period(subscription, maria, plan, is_old):
    subscription.is_old = is_old

    assert hear(subscription.paid()) == [True]

    start, end = subscription.period(0)
    grant = RoleGrant.objects.get()
    assert (grant.user, grant.role, grant.source) == (maria, plan.role, "stripe")
    assert (grant.starts_at, grant.ends_at) == (start, end)
    assert grant.counts_until == end + days(3)
    assert grant.reminds is False
    assert only().plan == plan
    assert only().subscription_id == "sub_1"
    assert kinds_of_mail() == ["membership_started"]


@pytest.mark.parametrize("is_old", [False, True])
def test_the_next_invoice_gives_the_next_period_and_no_second_welcome(subscription, maria, is_old):
    subscription.is_old = is_old
    hear(subscription.paid(0), subscription.paid(1))

    end = subscription.period(1)[1]
    assert only().paid_until == end
    assert opens(maria, moment=end + days(2))
    assert not opens(maria, moment=end + days(3))
    assert kinds_of_mail() == ["membership_started"]


def test_a_checkout_alone_opens_nothing(subscription, maria):
    assert hear(subscription.checked_out()) == [True]

    assert only().shown_state == "waiting"
    assert not opens(maria)
    assert kinds_of_mail() == []


@pytest.mark.parametrize(
    "status, state",
    [
        ("incomplete", "waiting"),
        ("trialing", "running"),
        ("active", "running"),
        ("past_due", "late"),
        ("unpaid", "late"),
        ("paused", "paused"),
        ("incomplete_expired", "ended"),
        ("canceled", "ended"),
    ],
)
def test_a_subscription_alone_opens_nothing_whatever_its_state(subscription, maria, status, state):
    hear(subscription.told("created", status))

    assert only().shown_state == state
    assert not opens(maria)


def test_a_subscription_whose_collection_is_paused_is_shown_so(subscription):
    hear(subscription.told("updated", "active", pause_collection={"behavior": "void"}))

    assert only().shown_state == "paused"


@pytest.mark.parametrize("is_old", [False, True])
def test_who_cancels_keeps_what_is_paid_and_no_day_of_grace(subscription, maria, is_old):
    subscription.is_old = is_old
    end = subscription.period(0)[1]
    hear(subscription.paid())

    hear(
        subscription.told("updated", "active", at=end - days(9), cancel_at_period_end=True),
    )

    assert only().ends_at == end
    assert opens(maria, moment=end - days(1))
    with at(end):
        hear(subscription.deleted(end))
    assert not opens(maria, moment=end)
    assert only().ended_at == end


def test_a_cancellation_for_a_day_is_kept_and_can_be_taken_back(subscription):
    end = subscription.begins + days(12)
    hear(subscription.told("updated", "active", cancel_at=seconds(end)))
    assert only().ends_at == end

    hear(subscription.told("updated", "active", at=subscription.begins + days(1)))

    assert only().ends_at is None


def test_a_subscription_that_is_deleted_closes_the_pages_at_once(subscription, maria):
    hear(subscription.paid(), subscription.told("created", "active"))
    assert opens(maria)

    hear(subscription.deleted(timezone.now()))

    assert not opens(maria)
    assert only().shown_state == "ended"
    assert AccountEvent.objects.filter(user=maria, kind="membership_ended").count() == 1


def test_what_has_ended_stays_so_whatever_is_told_later(subscription, maria):
    hear(subscription.paid(), subscription.deleted(timezone.now()))

    later = timezone.now() + days(1)
    hear(subscription.told("updated", "active", at=later), subscription.paid(1))

    assert only().state == "ended"
    assert not opens(maria)
    assert not opens(maria, moment=subscription.period(1)[0] + days(1))


def test_a_payment_that_fails_is_told_once_and_the_role_lasts_through_the_grace(
    subscription, maria
):
    hear(subscription.paid(), subscription.failed(1), subscription.failed(1))
    hear(subscription.told("updated", "past_due", at=subscription.period(0)[1]))

    assert kinds_of_mail() == ["membership_started", "payment_failed"]
    assert states() == ["paid", "failed"]
    assert only().shown_state == "late"
    assert opens(maria, moment=subscription.period(0)[1] + days(2))
    assert not opens(maria, moment=subscription.period(0)[1] + days(3))


def test_a_payment_that_fails_at_the_checkout_is_not_mailed(subscription, maria):
    hear(subscription.failed(0))

    assert kinds_of_mail() == []
    assert not opens(maria)


def test_a_payment_that_succeeds_after_it_failed_counts(subscription, maria):
    hear(subscription.paid(0), subscription.failed(1), subscription.paid(1))

    assert states() == ["paid", "paid"]
    assert opens(maria, moment=subscription.period(1)[1] + days(1))


def test_a_step_that_its_payer_has_to_do_is_told_once_it_has_failed(subscription, maria):
    hear(subscription.paid(0), subscription.awaited(1))

    assert states() == ["paid", "failed"]
    assert kinds_of_mail() == ["membership_started"]
    assert not AccountEvent.objects.filter(kind="payment_failed").exists()
    hear(subscription.failed(1), subscription.awaited(1), subscription.failed(1))
    assert kinds_of_mail() == ["membership_started", "payment_failed"]
    assert AccountEvent.objects.filter(user=maria, kind="payment_failed").count() == 1
    hear(subscription.paid(1), subscription.awaited(1))
    assert states() == ["paid", "paid"]
    assert opens(maria, moment=subscription.period(1)[1] + days(1))


def test_a_charge_that_is_given_back_ends_its_own_period_alone(subscription, maria, office):
    office.invoices["pi_sub_1_1"] = subscription.invoice(1)
    hear(subscription.paid(0), subscription.paid(1))

    assert hear(subscription.refunded(1)) == [True]

    assert states() == ["paid", "refunded"]
    assert opens(maria)
    assert not opens(maria, moment=subscription.period(1)[1])
    assert only().paid_until == subscription.period(0)[1]


def test_a_charge_whose_return_is_told_twice_is_given_back_once(subscription, maria, office):
    office.invoices["pi_sub_1_0"] = subscription.invoice()
    hear(subscription.paid())

    hear(subscription.refunded(), subscription.refunded())

    assert AccountEvent.objects.filter(user=maria, kind="payment_refunded").count() == 1


def test_a_charge_that_is_given_back_in_part_leaves_the_period(subscription, maria, office):
    hear(subscription.paid())
    told = subscription.refunded(refunded=False, amount_refunded=100)

    assert read_event(json.dumps(told), is_live=False) is None
    assert office.asked == []


def test_a_charge_for_something_else_changes_nothing(subscription, maria, office):
    hear(subscription.paid())

    assert hear(subscription.refunded()) == [False]

    assert opens(maria)
    assert not ProviderEvent.objects.filter(kind="charge.refunded").exists()


def test_a_refund_waits_until_stripe_answers(subscription, maria, office):
    hear(subscription.paid())
    office.status = 500

    with pytest.raises(StripeUnreachable):
        hear(subscription.refunded())

    assert opens(maria)
    office.status, office.invoices["pi_sub_1_0"] = 200, subscription.invoice()
    assert hear(subscription.refunded()) == [True]
    assert not opens(maria)


def test_an_invoice_of_somebody_else_behind_a_refund_is_foreign(subscription, office):
    office.invoices["pi_sub_1_0"] = subscription.invoice(customer="cus_ada")

    with pytest.raises(ForeignEvent):
        hear(subscription.refunded())


# The plan


def test_who_changes_to_another_plan_has_its_role_instead_once_it_is_paid(subscription, maria):
    make_plan("friend", role="friend")
    change = subscription.begins
    subscription.begins -= days(9)
    hear(subscription.paid(), subscription.told("created", "active"))

    later = Subscription(str(maria.pk), price="price_friend", begins=subscription.begins)
    hear(later.told("updated", "active", at=change))
    assert opens(maria)
    assert not opens(maria, "friend")
    hear(subscription.paid_change("price_friend", at=change))

    assert not opens(maria)
    assert opens(maria, "friend")
    assert opens(maria, "friend", subscription.period(0)[1] + days(2))
    # Not in hindsight: what was so before stays in the history.
    assert not opens(maria, "friend", RoleGrant.objects.get(role__name="member").starts_at)
    assert only().plan.name == "friend"


def test_a_price_that_is_not_known_leaves_the_plan_as_it_is(subscription, maria, plan):
    hear(subscription.told("created", "active"))

    later = Subscription(str(maria.pk), price="price_of_next_year", begins=subscription.begins)
    hear(later.told("updated", "active", at=timezone.now() + days(1)), later.paid())

    assert only().plan == plan
    assert opens(maria)


def test_a_checkout_of_ours_is_known_by_its_plan_when_the_price_is_not(subscription, maria):
    subscription.price = "price_of_next_year"

    hear(subscription.paid())

    assert opens(maria)


def test_a_checkout_of_ours_whose_plan_is_gone_is_refused_until_somebody_mends_it(
    subscription, maria, plan, caplog
):
    Plan.objects.filter(pk=plan.pk).update(price_id=None, name="gone")

    with pytest.raises(UnknownPlan):
        hear(subscription.paid())

    assert "There is no plan “patron” that was paid for at Stripe." in caplog.text
    assert not ProviderEvent.objects.exists()
    Plan.objects.filter(pk=plan.pk).update(price_id="price_patron")
    hear(subscription.paid())
    assert opens(maria)


def test_what_somebody_else_sells_to_our_customer_is_left_alone(subscription, maria):
    tree = Subscription("", price="price_of_a_hat", id="sub_hat")

    assert hear(tree.paid(), tree.told("created", "active")) == [False, False]

    assert not Membership.objects.exists()


def test_what_is_sold_by_hand_at_stripe_counts_by_its_price(subscription, maria):
    hear(Subscription("", id="sub_by_hand").paid())

    assert opens(maria)


# The period of an invoice


def test_what_is_given_back_or_sold_besides_is_no_period(subscription):
    start, end = subscription.period(0)
    lines = [
        line_of("price_patron", start, end + days(99), amount=-200),
        line_of("price_patron", start, end),
        line_of("price_of_a_hat", start, start),
        line_of("price_of_what_was_used", start - days(30), start),
    ]

    hear(subscription.paid(lines={"data": lines}))

    payment = Payment.objects.get()
    assert (payment.starts_at, payment.ends_at) == (start, end)


def test_an_invoice_for_no_period_is_not_read(subscription):
    hat = line_of("price_of_a_hat", subscription.begins, subscription.begins)

    assert read_invoice(subscription.invoice(lines={"data": [hat]}), is_paid=True) is None
    assert read_invoice(subscription.invoice(parent=None), is_paid=True) is None


# Whose it is


def test_an_event_of_a_customer_whom_nobody_has_is_left_alone(subscription):
    tree = Subscription("", customer="cus_of_the_hat_shop", price="price_of_a_hat")

    assert hear(tree.paid(), tree.told("created", "active")) == [False, False]

    assert not ProviderEvent.objects.exists()


@pytest.mark.parametrize("status", ["active", "trialing", "past_due", "unpaid", "paused"])
def test_who_pays_for_a_plan_without_an_account_is_told_of_by_the_log(
    subscription, client, caplog, status
):
    link = Subscription("", customer="cus_of_the_link", id="sub_2")

    assert [post(client, link.told("created", status)), post(client, link.paid())] == [200, 200]

    [record] = caplog.records
    assert record.levelname == "ERROR"
    assert record.message == (
        "Customer cus_of_the_link pays at Stripe, by sub_2, for the plan “patron” and has no "
        "account here, as after a payment link: end it there."
    )
    assert not ProviderEvent.objects.exists() and not Membership.objects.exists()


@pytest.mark.parametrize(
    "changes", [{"status": "incomplete"}, {"status": "canceled"}, {"price": "price_of_the_other"}]
)
def test_who_does_not_pay_for_a_plan_is_not_told_of(subscription, caplog, changes):
    price = changes.get("price", "price_patron")
    link = Subscription("", customer="cus_of_the_link", id="sub_2", price=price)

    assert hear(link.told("created", changes.get("status", "active"))) == [False]

    assert caplog.records == []


def test_an_event_that_names_a_user_of_ours_and_a_customer_of_nobody_is_foreign(
    subscription, maria
):
    with pytest.raises(ForeignEvent):
        hear(Subscription(str(maria.pk), customer="cus_evil").paid())

    assert not opens(maria)


@pytest.mark.parametrize("what", ["paid", "failed", "checked_out"])
def test_an_event_that_names_another_user_than_its_customers_is_foreign(subscription, maria, what):
    ada = make_user("ada")
    subscription.user_key = str(ada.pk)

    with pytest.raises(ForeignEvent):
        hear(getattr(subscription, what)())

    assert not opens(maria)
    assert not opens(ada)
    assert not ProviderEvent.objects.exists()


def test_a_subscription_never_changes_hands(subscription, maria):
    ada = make_user("ada")
    StripeCustomer.objects.create(user=ada, customer_id="cus_ada")
    hear(subscription.paid())
    tree = Subscription(str(ada.pk), customer="cus_ada")

    with pytest.raises(ForeignEvent):
        hear(tree.told("updated", "active"))

    assert opens(maria)
    assert not opens(ada)


def test_an_invoice_never_changes_hands(subscription, maria):
    ada = make_user("ada")
    StripeCustomer.objects.create(user=ada, customer_id="cus_ada")
    hear(subscription.paid())
    tree = Subscription(str(ada.pk), customer="cus_ada", id="sub_2")

    with pytest.raises(ForeignEvent):
        hear(tree.paid(id="in_sub_1_0"))

    assert not opens(ada)


def test_an_event_about_an_account_that_was_erased_changes_nothing(subscription, maria, caplog):
    hear(subscription.paid(0))
    type(maria).objects.filter(pk=maria.pk).delete()

    assert hear(subscription.paid(1), subscription.deleted(timezone.now())) == [False, False]

    assert states() == ["paid"]
    assert only().user is None
    assert "is about the customer of an account that was erased" in caplog.text


# Once


def test_the_same_event_twice_counts_once(subscription):
    tree = subscription.paid()

    assert hear(tree, tree) == [True, False]

    assert RoleGrant.objects.count() == ProviderEvent.objects.count() == 1
    assert AccountEvent.objects.filter(kind="payment_recorded").count() == 1


def test_the_trail_tells_no_address_of_stripe(subscription, maria, rf):
    request = rf.post("/", REMOTE_ADDR="198.51.100.7")

    apply_event(read(subscription.paid()), request=request)
    apply_event(read(subscription.deleted(timezone.now())), request=request)

    events = AccountEvent.objects.filter(user=maria)
    assert events.count() == 4
    assert {event.client_address for event in events} == {None}


def test_moments_are_those_of_the_event(subscription):
    moment = datetime(2026, 5, 1, 12, tzinfo=UTC)

    hear(event("invoice.paid", subscription.invoice(), at=moment))

    assert ProviderEvent.objects.get().created_at == moment


# Paid twice


@pytest.fixture
def second(maria, subscription):
    """The dashboard has Maria, the same customer, pay once more for the same role."""
    make_plan("patron-by-the-year")
    return Subscription("", id="sub_2", price="price_patron-by-the-year")


def charged_twice(caplog):
    return [record for record in caplog.records if "pays twice" in record.message]


def test_who_pays_twice_for_a_role_is_told_of_once_by_the_log(subscription, second, maria, caplog):
    hear(subscription.told("created", "active"), second.told("created", "incomplete"))
    assert charged_twice(caplog) == []

    hear(second.told("updated", "active"))

    [record] = charged_twice(caplog)
    assert record.levelname == "ERROR"
    assert f"User {maria.pk} pays twice for one role at Stripe" in record.message
    assert "sub_1" in record.message and "sub_2" in record.message
    later = second.begins + days(31)
    hear(second.paid(), second.told("updated", "past_due", at=later, number=1))
    hear(second.told("updated", "active", at=later + days(1), number=1), subscription.paid())
    assert charged_twice(caplog) == [record]


def test_who_pays_twice_is_told_of_once_where_an_invoice_comes_first(subscription, second, caplog):
    hear(subscription.paid(), second.told("created", "active"))
    assert charged_twice(caplog) == []

    hear(subscription.told("created", "active"))

    assert len(charged_twice(caplog)) == 1


def test_who_changes_to_a_plan_of_a_role_that_is_paid_for_pays_twice(subscription, second, caplog):
    make_plan("friend", role="friend")
    hear(subscription.told("created", "active"), second.told("created", "active"))
    caplog.clear()
    second.price = "price_friend"
    hear(second.told("updated", "active", at=second.begins + days(1)))
    assert charged_twice(caplog) == []

    second.price = "price_patron"
    hear(second.told("updated", "active", at=second.begins + days(2)))

    assert len(charged_twice(caplog)) == 1


@pytest.mark.parametrize(
    "first", [{"status": "canceled"}, {"cancel_at_period_end": True}, {"status": "incomplete"}]
)
def test_who_goes_on_by_one_of_two_subscriptions_pays_once(subscription, second, caplog, first):
    hear(subscription.paid(), subscription.told("updated", **{"status": "active", **first}))

    hear(second.told("created", "active"))

    assert charged_twice(caplog) == []


def test_who_pays_for_two_roles_or_once_by_bank_pays_once(subscription, plan, maria, caplog):
    make_plan("friend", role="friend")
    record_payment(maria, plan, timezone.now() + days(30))
    hear(subscription.told("created", "active"))

    hear(Subscription("", id="sub_2", price="price_friend").told("created", "active"))

    assert charged_twice(caplog) == []
