"""The ways to Stripe, through its own library: what it is asked for, and by whom."""

import subprocess
import sys
from dataclasses import replace

import pytest
import stripe
from django.utils import timezone

from django_useraccounts.administration.flows import switch_off, switch_on
from django_useraccounts.errors import TooManyAttempts
from django_useraccounts.leaving.flows import close_account, reopen_account
from django_useraccounts.memberships.errors import (
    AlreadyMember,
    NoCustomer,
    NotForSale,
    StripeUnreachable,
)
from django_useraccounts.memberships.flows import (
    apply_event,
    customer_portal,
    record_payment,
    start_checkout,
    stop_renewals,
)
from django_useraccounts.memberships.models import Membership, Plan, StripeCustomer
from django_useraccounts.memberships.stripe import client
from django_useraccounts.models import AccountEvent, RoleGrant
from django_useraccounts.testing import make_user
from tests.dripping import OK, server, within
from tests.memberships.bills import KEY, SECRET, read, seconds
from tests.memberships.conftest import days, make_plan, only, opens

pytestmark = pytest.mark.django_db


def test_a_checkout_is_for_one_plan_and_one_customer_of_ours(office, plan, maria):
    url = start_checkout(maria, plan)

    assert url == "https://checkout.stripe.example/cs_1"
    assert office.paths() == ["POST /v1/customers", "POST /v1/checkout/sessions"]
    (_, made, headers), (_, asked, _) = office.asked
    assert made == {"email": "maria@example.com", "metadata[useraccounts_user]": str(maria.pk)}
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert headers["Idempotency-Key"].startswith("useraccounts-")
    assert asked["mode"] == "subscription"
    assert asked["customer"] == StripeCustomer.objects.get(user=maria).customer_id == "cus_1"
    assert asked["line_items[0][price]"] == "price_patron"
    assert asked["client_reference_id"] == str(maria.pk)
    for where in ("metadata", "subscription_data[metadata]"):
        assert asked[f"{where}[useraccounts_user]"] == str(maria.pk)
        assert asked[f"{where}[useraccounts_plan]"] == "patron"
    assert asked["success_url"] == "http://testserver/accounts/checkout-done/?plan=patron"
    assert asked["cancel_url"] == "http://testserver/accounts/pricing/"
    assert not RoleGrant.objects.exists()
    assert AccountEvent.objects.get(user=maria).kind == "checkout_started"


def test_who_comes_again_is_the_same_customer(office, plan, maria):
    start_checkout(maria, plan)

    start_checkout(maria, plan)

    assert office.paths().count("POST /v1/customers") == 1
    assert StripeCustomer.objects.count() == 1


def test_two_clicks_at_once_ask_for_one_customer(office, plan, maria):
    start_checkout(maria, plan)
    StripeCustomer.objects.all().delete()
    start_checkout(maria, plan)

    first, second = (h["Idempotency-Key"] for p, _, h in office.asked if p == "POST /v1/customers")

    assert first == second


def test_the_same_user_of_another_site_is_another_customer(office, plan, maria, set_conf):
    start_checkout(maria, plan)
    StripeCustomer.objects.all().delete()
    keys = {"STRIPE_SECRET_KEY": KEY, "STRIPE_WEBHOOK_SECRET": SECRET}
    set_conf(ORIGIN="https://staging.example", MEMBERSHIPS=keys)

    start_checkout(maria, plan)

    assert list(office.customers.values()) == ["cus_1", "cus_2"]
    assert StripeCustomer.objects.get(user=maria).customer_id == "cus_2"


def test_who_has_no_address_buys_without(office, plan, maria):
    maria.email = ""

    start_checkout(maria, plan)

    assert "email" not in office.asked[0][1]


@pytest.mark.parametrize(
    "fields", [{"price_id": None}, {"is_offered": False}, {"price_id": None, "is_offered": False}]
)
def test_what_is_not_for_sale_cannot_be_bought(office, maria, fields):
    plan = make_plan(**fields)

    with pytest.raises(NotForSale):
        start_checkout(maria, plan)

    assert office.asked == []


def test_without_keys_nothing_is_for_sale(plan, maria):
    with pytest.raises(NotForSale):
        start_checkout(maria, plan)


def test_who_pays_for_a_role_by_stripe_does_not_buy_it_twice(office, subscription, plan, maria):
    apply_event(read(subscription.told("updated", "active")))

    with pytest.raises(AlreadyMember):
        start_checkout(maria, plan)
    with pytest.raises(AlreadyMember):
        start_checkout(maria, make_plan("patron-by-the-year"))

    assert start_checkout(maria, make_plan("friend", role="friend"))


def test_who_pays_for_a_role_whose_invoice_alone_was_heard_of_does_not_buy_it_twice(
    office, subscription, plan, maria
):
    apply_event(read(subscription.paid()))

    with pytest.raises(AlreadyMember):
        start_checkout(maria, plan)

    office.state = "canceled"
    assert start_checkout(maria, plan)


@pytest.mark.parametrize("status", ["incomplete", "canceled", "incomplete_expired"])
def test_who_has_not_paid_or_has_left_may_buy_again(office, subscription, plan, maria, status):
    apply_event(read(subscription.told("updated", status)))

    assert start_checkout(maria, plan)


def test_who_has_paid_by_bank_may_go_on_by_stripe(office, plan, maria):
    record_payment(maria, plan, timezone.now() + days(9))

    assert start_checkout(maria, plan)


def test_the_limit_counts_what_stripe_is_asked_for(office, plan, maria, set_conf, settings):
    set_conf(LIMITS={"checkout": {"identifier": "2/1h"}})
    start_checkout(maria, plan)
    customer_portal(maria)

    with pytest.raises(TooManyAttempts):
        start_checkout(maria, plan)

    assert start_checkout(make_user("ada"), plan)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_what_stripe_refuses_is_no_failure_and_tells_no_key(office, plan, maria, status, caplog):
    office.status = status

    with pytest.raises(StripeUnreachable) as refused:
        start_checkout(maria, plan)

    assert KEY not in str(refused.value) + caplog.text
    assert not StripeCustomer.objects.exists()
    assert not AccountEvent.objects.filter(kind="checkout_started").exists()


def test_a_stripe_that_is_away_is_no_failure(keys, plan, maria, monkeypatch):
    # Nobody listens on this port: the library gives up by itself.
    monkeypatch.setattr(stripe, "api_base", "http://127.0.0.1:9")

    with pytest.raises(StripeUnreachable):
        start_checkout(maria, plan)


@pytest.mark.parametrize("begin", [b"", OK + b"Content-Length: 100\r\n\r\n", OK + b"\r\n{"])
def test_a_stripe_that_answers_byte_by_byte_is_waited_for_no_longer(
    keys, plan, maria, monkeypatch, begin
):
    monkeypatch.setattr(client, "TIMEOUT", 1)

    with server([begin, *[b" "] * 50], pause=0.3) as host, within(2):
        monkeypatch.setattr(stripe, "api_base", f"http://{host}")
        with pytest.raises(StripeUnreachable):
            start_checkout(maria, plan)


def test_the_portal_is_that_of_the_own_customer(office, subscription, maria):
    assert customer_portal(maria) == "https://billing.stripe.example/bps_1"

    [(path, asked, _)] = office.asked
    assert path == "POST /v1/billing_portal/sessions"
    assert asked == {
        "customer": "cus_maria",
        "return_url": "http://testserver/accounts/membership/",
    }


def test_who_has_bought_nothing_has_no_portal(office, maria):
    with pytest.raises(NoCustomer):
        customer_portal(maria)

    assert office.asked == []


# What is sold once


@pytest.mark.parametrize("status", ["active", "trialing", "past_due", "unpaid", "paused"])
def test_what_is_paid_and_was_not_heard_of_is_not_bought_twice(office, plan, maria, status):
    start_checkout(maria, plan)
    office.pay("cs_1", status=status)

    with pytest.raises(AlreadyMember):
        start_checkout(maria, plan)
    with pytest.raises(AlreadyMember):
        start_checkout(maria, make_plan("patron-by-the-year"))

    assert start_checkout(maria, make_plan("friend", role="friend"))
    assert start_checkout(make_user("ada"), plan)


@pytest.mark.parametrize("status", ["incomplete", "incomplete_expired"])
def test_what_was_not_paid_may_be_bought_again(office, plan, maria, status):
    start_checkout(maria, plan)
    office.pay("cs_1", status=status)

    assert start_checkout(maria, plan)


def test_what_an_older_customer_of_the_same_user_pays_for_is_not_bought_twice(office, plan, maria):
    start_checkout(maria, plan)
    office.pay("cs_1")
    StripeCustomer.objects.create(user=maria, customer_id="cus_newer")

    with pytest.raises(AlreadyMember):
        start_checkout(maria, plan)


def test_of_two_checkouts_the_last_one_alone_can_be_paid(office, plan, maria):
    start_checkout(maria, plan)
    office.asked.clear()

    start_checkout(maria, plan)
    assert office.paths() == [
        "GET /v1/checkout/sessions",
        "POST /v1/checkout/sessions/cs_1/expire",
        "GET /v1/subscriptions",
        "POST /v1/checkout/sessions",
    ]
    start_checkout(maria, make_plan("patron-by-the-year"))

    assert states_of(office) == ["expired", "expired", "open"]


def test_a_checkout_of_something_else_goes_on(office, plan, maria):
    start_checkout(maria, make_plan("friend", role="friend"))
    start_checkout(make_user("ada"), plan)
    start_checkout(maria, plan)
    # One that other code has begun for her.
    office.sessions["cs_3"]["metadata"] = {}

    start_checkout(maria, plan)

    assert states_of(office) == ["open"] * 4


def test_what_is_paid_in_another_tab_at_this_moment_is_not_bought_twice(office, plan, maria):
    start_checkout(maria, plan)
    office.meanwhile["cs_1"] = office.pay

    with pytest.raises(AlreadyMember):
        start_checkout(maria, plan)

    assert states_of(office) == ["complete"]


def test_older_checkouts_expire_also_behind_one_that_is_paid_at_this_moment(office, plan, maria):
    start_checkout(maria, plan)
    # The second of two clicks of one moment; Stripe lists the newest first.
    office.sessions["cs_2"] = {**office.sessions["cs_1"], "id": "cs_2"}
    office.meanwhile["cs_2"] = office.pay

    with pytest.raises(AlreadyMember):
        start_checkout(maria, plan)

    assert states_of(office) == ["expired", "complete"]


def test_no_second_checkout_begins_while_stripe_does_not_end_the_first(office, plan, maria):
    start_checkout(maria, plan)
    office.meanwhile["cs_1"] = lambda session_id: None

    with pytest.raises(StripeUnreachable):
        start_checkout(maria, plan)

    assert states_of(office) == ["open"]


def test_a_second_click_does_not_stumble_over_what_the_first_has_ended(office, plan, maria):
    start_checkout(maria, plan)
    office.meanwhile["cs_1"] = office.expire

    assert start_checkout(maria, plan)

    assert states_of(office) == ["expired", "open"]


def states_of(office):
    return [session["status"] for session in office.sessions.values()]


# What Stripe knows no more


def test_who_is_no_customer_any_more_buys_as_a_new_one(office, subscription, plan, maria):
    office.missing = {"cus_maria"}

    assert start_checkout(maria, plan)

    assert office.paths() == [
        "GET /v1/checkout/sessions",
        "POST /v1/checkout/sessions",
        "POST /v1/customers",
        "POST /v1/checkout/sessions",
    ]
    assert office.asked[-1][1]["customer"] == "cus_1"
    known = StripeCustomer.objects.filter(user=maria).values_list("customer_id", flat=True)
    # What is told late of the old one is still hers.
    assert set(known) == {"cus_maria", "cus_1"}
    assert customer_portal(maria)
    assert office.asked[-1][1]["customer"] == "cus_1"


def test_who_was_deleted_on_the_day_of_the_first_checkout_is_not_made_the_same_again(
    office, plan, maria
):
    start_checkout(maria, plan)
    office.missing = {"cus_1"}

    assert start_checkout(maria, plan)

    assert office.asked[-1][1]["customer"] == "cus_2"


def test_a_customer_whom_a_wrong_key_has_hidden_for_a_while_is_found_again(
    office, subscription, plan, maria
):
    office.missing = {"cus_maria"}
    start_checkout(maria, plan)
    office.missing = {"cus_1"}

    assert customer_portal(maria)

    assert office.asked[-1][1]["customer"] == "cus_maria"


def test_who_is_no_customer_any_more_has_no_portal(office, subscription, maria):
    office.missing = {"cus_maria"}

    with pytest.raises(NoCustomer):
        customer_portal(maria)

    assert StripeCustomer.objects.get().customer_id == "cus_maria"


def test_a_price_that_stripe_does_not_know_makes_no_new_customer(office, subscription, plan, maria):
    office.missing = {"price_patron"}

    with pytest.raises(StripeUnreachable):
        start_checkout(maria, plan)

    assert "POST /v1/customers" not in office.paths()


def test_a_subscription_whose_end_was_not_heard_of_hinders_no_new_one(
    office, subscription, plan, maria
):
    apply_event(read(subscription.paid()))
    apply_event(read(subscription.told("updated", "active")))
    office.state = "canceled"

    assert start_checkout(maria, plan)

    assert only().state == "ended"
    assert not opens(maria)


def test_a_subscription_that_stripe_does_not_know_hinders_no_new_one_and_is_not_ended(
    office, subscription, plan, maria
):
    apply_event(read(subscription.paid()))
    apply_event(read(subscription.told("updated", "active")))
    office.missing = {"sub_1"}

    assert start_checkout(maria, plan)

    assert only().state == "running"
    assert opens(maria)


def test_nothing_is_bought_twice_by_a_wrong_key(office, subscription, plan, maria):
    apply_event(read(subscription.paid()))
    apply_event(read(subscription.told("updated", "active")))
    office.missing = {"sub_1", "cus_maria", "price_patron"}

    with pytest.raises(StripeUnreachable):
        start_checkout(maria, plan)

    assert only().state == "running"
    assert opens(maria)


# Who leaves is charged no more


@pytest.mark.parametrize(
    "go, come_back", [(close_account, reopen_account), (switch_off, switch_on)]
)
def test_a_closed_account_is_charged_no_more_nor_is_one_that_is_off(
    office, subscription, maria, go, come_back
):
    apply_event(read(subscription.paid()))
    apply_event(read(subscription.told("updated", "active")))
    assert stop_renewals() == (0, 0)
    go(maria)

    assert stop_renewals() == (1, 0)

    [(path, asked, _)] = office.asked
    assert path == "POST /v1/subscriptions/sub_1"
    assert asked == {"cancel_at_period_end": "true"}
    later = subscription.begins + days(1)
    apply_event(read(subscription.told("updated", "active", at=later, cancel_at_period_end=True)))
    assert stop_renewals() == (0, 0)
    come_back(maria)
    assert opens(maria)
    assert customer_portal(maria)


def test_a_closed_account_is_charged_no_more_though_it_was_cancelled_for_a_later_day(
    office, subscription, maria
):
    day = seconds(subscription.begins + days(180))
    apply_event(read(subscription.paid()))
    apply_event(read(subscription.told("updated", "active", cancel_at=day)))
    close_account(maria)

    assert stop_renewals() == (1, 0)

    assert office.paths() == ["POST /v1/subscriptions/sub_1"]
    later = subscription.begins + days(1)
    apply_event(read(subscription.told("updated", "active", at=later, cancel_at_period_end=True)))
    assert stop_renewals() == (0, 0)


def test_a_closed_account_whose_only_payment_was_given_back_is_charged_no_more(
    office, subscription, maria
):
    day = seconds(subscription.begins + days(180))
    apply_event(read(subscription.paid()))
    apply_event(read(subscription.told("updated", "active", cancel_at=day)))
    office.invoices["pi_sub_1_0"] = subscription.invoice()
    apply_event(read(subscription.refunded()))
    close_account(maria)

    assert stop_renewals() == (1, 0)

    assert office.paths()[-1] == "POST /v1/subscriptions/sub_1"


@pytest.fixture
def scheduled(office, subscription):
    """Maria has chosen what is cheaper, which the portal has put off to the end of the period."""
    apply_event(read(subscription.paid()))
    apply_event(read(subscription.told("updated", "active")))
    office.schedules["sub_1"] = "sub_sched_1"


@pytest.mark.parametrize("go", [close_account, switch_off])
def test_a_closed_account_is_charged_no_more_though_a_change_waits_for_the_next_period(
    office, scheduled, maria, go
):
    go(maria)

    assert stop_renewals() == (1, 0)

    assert office.paths() == [
        "POST /v1/subscriptions/sub_1",
        "GET /v1/subscriptions/sub_1",
        "POST /v1/subscription_schedules/sub_sched_1/release",
        "POST /v1/subscriptions/sub_1",
    ]
    assert office.asked[-1][1] == {"cancel_at_period_end": "true"}


def test_a_change_that_waits_and_cannot_be_given_up_is_told_to_the_log(
    office, scheduled, maria, caplog
):
    close_account(maria)
    office.missing.add("release")

    assert stop_renewals() == (0, 1)

    assert f"Stripe goes on to charge for membership {only().pk}." in caplog.text
    office.missing.clear()
    assert stop_renewals() == (1, 0)


@pytest.mark.parametrize("trees", [["paid"], ["incomplete", "paid"], ["paid", "failed"]])
@pytest.mark.parametrize("is_erased", [False, True])
def test_who_leaves_is_charged_no_more_where_the_invoices_alone_were_heard_of(
    office, subscription, maria, trees, is_erased
):
    told = {
        "incomplete": subscription.told("created", "incomplete"),
        "paid": subscription.paid(),
        "failed": subscription.failed(1),
    }
    for name in trees:
        apply_event(read(told[name]))
    assert only().state == "waiting"
    _leave(maria, is_erased=is_erased)

    assert stop_renewals() == (1, 0)

    asked = "DELETE" if is_erased else "POST"
    assert office.paths()[0] == f"{asked} /v1/subscriptions/sub_1"


@pytest.mark.parametrize("is_erased", [False, True])
def test_nothing_is_stopped_for_who_leaves_before_the_first_payment(
    office, subscription, maria, is_erased
):
    apply_event(read(subscription.told("created", "incomplete")))
    apply_event(read(subscription.failed()))
    _leave(maria, is_erased=is_erased)

    assert stop_renewals() == (0, 0)

    assert office.paths() == []


@pytest.fixture
def behind(subscription):
    """The second period has begun, and is not paid for."""
    subscription.begins -= days(31)
    apply_event(read(subscription.paid(0)))
    return subscription


def test_a_closed_account_whose_payment_is_late_is_cancelled_at_once(office, behind, maria):
    end = behind.period(0)[1]
    apply_event(read(behind.failed(1)))
    apply_event(read(behind.told("updated", "past_due", at=end, number=1)))
    close_account(maria)

    assert stop_renewals() == (1, 0)

    assert office.paths() == ["DELETE /v1/subscriptions/sub_1", "GET /v1/invoices"]
    assert only().state == "late"
    apply_event(read(behind.deleted(end + days(1))))
    assert stop_renewals() == (0, 0)


def test_a_closed_account_whose_membership_pauses_is_cancelled_at_once(office, behind, maria):
    told = behind.told(
        "updated", "active", at=behind.period(0)[1], number=1, pause_collection={"behavior": "void"}
    )
    apply_event(read(told))
    close_account(maria)

    assert stop_renewals() == (1, 0)

    assert office.paths() == ["DELETE /v1/subscriptions/sub_1"]
    office.state = "canceled"
    # Stripe has told nobody of the end.
    assert stop_renewals() == (1, 0)
    assert only().state == "ended"
    assert stop_renewals() == (0, 0)


def test_a_closed_account_whose_next_payment_is_late_keeps_what_is_paid(
    office, subscription, maria
):
    apply_event(read(subscription.paid()))
    apply_event(read(subscription.told("updated", "past_due")))
    close_account(maria)

    assert stop_renewals() == (1, 0)

    assert office.paths() == ["POST /v1/subscriptions/sub_1"]


@pytest.fixture
def late_change(office, subscription):
    """Maria has paid, and has changed to what is dearer, in vain; a hat is on a bill of its own."""
    make_plan("dear", role="chief")
    apply_event(read(subscription.paid(0)))
    dear = replace(subscription, price="price_dear")
    apply_event(read(dear.failed(1, id="in_of_the_change")))
    office.open["sub_1"] = ["in_of_a_hat", "in_of_the_change"]
    return dear


VOIDED = ["GET /v1/invoices", "POST /v1/invoices/in_of_the_change/void"]


@pytest.mark.parametrize("is_cancelled", [False, True])
@pytest.mark.parametrize("status", ["past_due", "active"])
def test_a_closed_account_does_not_pay_for_what_is_late(
    office, late_change, maria, status, is_cancelled
):
    later = late_change.begins + days(1)
    told = late_change.told("updated", status, at=later, cancel_at_period_end=is_cancelled)
    apply_event(read(told))
    close_account(maria)

    assert stop_renewals() == (0 if is_cancelled else 1, 0)

    stopped = [] if is_cancelled else ["POST /v1/subscriptions/sub_1"]
    assert office.paths() == [*stopped, *VOIDED]
    listing = next(sent for path, sent, _headers in office.asked if path == "GET /v1/invoices")
    assert (listing["subscription"], listing["status"]) == ("sub_1", "open")


def test_a_bill_that_cannot_be_given_up_keeps_no_renewal(office, late_change, maria):
    apply_event(read(late_change.told("updated", "past_due")))
    office.missing.add("void")
    close_account(maria)

    for _day in range(2):
        office.asked.clear()
        assert stop_renewals() == (1, 1)
        assert office.paths() == ["POST /v1/subscriptions/sub_1", *VOIDED]


def test_who_comes_back_while_the_command_runs_goes_on(office, late_change, maria, monkeypatch):
    apply_event(read(late_change.told("updated", "past_due")))
    close_account(maria)
    # Between two rows that are read at once Stripe may be asked for a while.
    rows = Membership.objects.charged()
    monkeypatch.setattr(type(rows), "iterator", lambda rows, **_: come_back(maria, list(rows)))

    assert stop_renewals() == (0, 0)

    assert office.paths() == []


def come_back(user, rows):
    reopen_account(user)
    yield from rows


def test_a_closed_account_that_has_paid_nothing_is_cancelled_at_once(office, subscription, maria):
    apply_event(read(subscription.told("updated", "past_due")))
    close_account(maria)

    assert stop_renewals() == (1, 0)

    assert office.paths() == ["DELETE /v1/subscriptions/sub_1"]


def test_an_erased_account_is_cancelled_at_once(office, subscription, maria):
    apply_event(read(subscription.told("updated", "active")))
    type(maria).objects.filter(pk=maria.pk).delete()

    assert stop_renewals() == (1, 0)

    assert office.paths() == ["DELETE /v1/subscriptions/sub_1"]
    assert only().state == "ended"
    assert stop_renewals() == (0, 0)


@pytest.mark.parametrize("is_erased", [False, True])
def test_a_subscription_that_is_over_at_stripe_is_not_stopped_for_ever(
    office, subscription, maria, is_erased
):
    apply_event(read(subscription.told("updated", "active")))
    _leave(maria, is_erased=is_erased)
    office.state = "canceled"

    assert stop_renewals() == (1, 0)

    assert only().state == "ended"
    assert stop_renewals() == (0, 0)


@pytest.mark.parametrize("is_erased", [False, True])
def test_what_a_wrong_key_has_hidden_for_a_while_is_stopped_by_the_right_one(
    office, subscription, maria, is_erased
):
    apply_event(read(subscription.paid()))
    apply_event(read(subscription.told("updated", "active")))
    _leave(maria, is_erased=is_erased)
    office.missing = {"sub_1"}

    assert stop_renewals() == (0, 1)

    assert only().state == "running"
    office.missing = set()
    assert stop_renewals() == (1, 0)
    asked = "DELETE" if is_erased else "POST"
    assert office.paths()[-1] == f"{asked} /v1/subscriptions/sub_1"


def test_who_comes_back_after_a_wrong_key_has_what_was_paid(office, subscription, maria):
    apply_event(read(subscription.paid()))
    apply_event(read(subscription.told("updated", "active")))
    close_account(maria)
    office.missing = {"sub_1"}
    stop_renewals()

    reopen_account(type(maria).objects.get())

    assert opens(maria)
    assert only().shown_state == "running"


def test_what_stripe_does_not_take_up_is_tried_again(office, subscription, maria, caplog):
    apply_event(read(subscription.told("updated", "active")))
    close_account(maria)
    office.status = 500

    assert stop_renewals() == (0, 1)

    assert f"Stripe goes on to charge for membership {only().pk}." in caplog.text
    assert "Stripe has refused: APIError, status 500" in caplog.text
    assert KEY not in caplog.text
    office.status = 200
    assert stop_renewals() == (1, 0)


def _leave(maria, *, is_erased):
    if is_erased:
        type(maria).objects.filter(pk=maria.pk).delete()
    else:
        close_account(maria)


# Without the library


def test_the_room_works_without_the_library_of_stripe(tmp_path):
    script = """
import sys
sys.modules["stripe"] = None  # as if it were not installed
import django
django.setup()
from django.core.management import call_command
from django.test import Client
from django.test.utils import setup_test_environment
setup_test_environment()
from django.urls import reverse
from django.utils import timezone
from datetime import timedelta
call_command("migrate", verbosity=0)
call_command("check")
from django_useraccounts.memberships.flows import record_payment, stop_renewals
from django_useraccounts.memberships.models import Plan
from django_useraccounts.models import Role
from django_useraccounts.testing import make_user
plan = Plan.objects.create(name="patron", label="Patron", role=Role.objects.create(name="member"))
maria = make_user("maria")
record_payment(maria, plan, timezone.now() + timedelta(days=30))
call_command("useraccounts_memberships")
client = Client()
client.force_login(maria)
for page in ("pricing", "membership", "checkout_done"):
    assert client.get(reverse(f"useraccounts:{page}")).status_code == 200, page
assert client.post(reverse("useraccounts:stripe_webhook")).status_code == 404
assert maria.has_roles("member")
print("it works")
"""
    environment = {
        "DJANGO_SETTINGS_MODULE": "testproject.test_settings",
        "USERACCOUNTS_TEST_DATABASE": f"sqlite://{tmp_path}/db.sqlite3",
        "PYTHONPATH": ":".join(path for path in sys.path if path),
    }

    ran = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True
    )

    assert "it works" in ran.stdout, ran.stderr


def test_the_library_is_imported_only_when_it_is_used():
    script = """
import sys, django
django.setup()
from django_useraccounts.memberships import admin, checks, flows, urls
assert "stripe" not in sys.modules
"""
    ran = subprocess.run(
        [sys.executable, "-c", script],
        env={
            "DJANGO_SETTINGS_MODULE": "testproject.test_settings",
            "PYTHONPATH": ":".join(path for path in sys.path if path),
        },
        capture_output=True,
        text=True,
    )

    assert ran.returncode == 0, ran.stderr


def test_plans_are_the_ones_that_are_offered(plan):
    make_plan("hidden", is_offered=False)
    make_plan("first", position=0)

    assert [plan.name for plan in Plan.objects.offered()] == ["patron", "first"]
