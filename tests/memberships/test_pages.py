"""What visitors read: what is for sale, what they have, and the ways to Stripe."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from django_useraccounts.memberships.flows import (
    apply_event,
    end_membership,
    record_payment,
    refund_payment,
)
from django_useraccounts.memberships.models import Payment, StripeCustomer
from django_useraccounts.testing import log_in, make_user
from tests.memberships.bills import read
from tests.memberships.conftest import at, days, make_plan, only

pytestmark = pytest.mark.django_db


def page(name, *args):
    return reverse(f"useraccounts:{name}", args=args)


@pytest.fixture
def browser(client, maria):
    """Maria's browser; she has just given her password."""
    data = {"identifier": "maria", "password": "correct horse battery staple"}
    client.post(page("login"), data)
    return client


def text_of(response):
    return " ".join(response.content.decode().split())


def on(moment):
    return date_format(timezone.localtime(moment), "DATE_FORMAT")


# What is for sale


def test_anybody_sees_what_is_for_sale_and_a_stranger_comes_by_the_login(client, keys, plan):
    make_plan("hidden", is_offered=False)

    text = text_of(client.get(page("pricing")))

    assert "€ 5 a month" in text
    assert "Hidden" not in text
    assert page("start_checkout", "patron") in text
    answer = client.get(page("start_checkout", "patron"))
    assert answer.url == f"{page('login')}?next={page('start_checkout', 'patron')}"


def test_who_is_a_member_sees_which_plan_is_the_own(browser, keys, maria, plan):
    record_payment(maria, plan, timezone.now() + days(30))

    text = text_of(browser.get(page("pricing")))

    assert "Your membership" in text
    assert page("start_checkout", "patron") not in text


def test_who_pays_for_the_role_through_stripe_is_not_sold_it_again(browser, subscription):
    make_plan("patron-by-the-year")
    make_plan("friend", role="friend")
    apply_event(read(subscription.paid()))
    apply_event(read(subscription.told("updated", "active")))

    text = text_of(browser.get(page("pricing")))

    assert page("start_checkout", "patron-by-the-year") not in text
    assert page("start_checkout", "friend") in text


@pytest.mark.parametrize("state", ["late", "paused"])
def test_who_has_not_paid_in_time_is_led_to_what_is_not_paid_and_sold_nothing_else(
    browser, subscription, state
):
    make_plan("patron-by-the-year")
    subscription.begins -= days(34)
    end = subscription.period(0)[1]
    pause = {"behavior": "void"} if state == "paused" else None
    status = "active" if pause else "past_due"
    told = subscription.told("updated", status, at=end, number=1, pause_collection=pause)
    for tree in (subscription.paid(0), told):
        apply_event(read(tree))

    text = text_of(browser.get(page("pricing")))

    assert only().state == state
    assert f'<a href="{page("membership")}">See your membership' in text
    assert page("start_checkout", "patron") not in text
    assert page("start_checkout", "patron-by-the-year") not in text


def test_who_has_paid_for_nothing_more_without_a_word_of_stripe_can_ask_for_it_anew(
    browser, subscription
):
    subscription.begins -= days(34)
    for tree in (subscription.paid(0), subscription.told("updated", "active")):
        apply_event(read(tree))

    text = text_of(browser.get(page("pricing")))

    assert page("start_checkout", "patron") in text


def test_where_nothing_is_sold_by_stripe_there_is_no_button(client, plan):
    text = text_of(client.get(page("pricing")))

    assert "€ 5 a month" in text
    assert page("start_checkout", "patron") not in text


def test_where_there_is_no_plan_the_page_says_so(client, db):
    assert "There is nothing to buy at the moment." in text_of(client.get(page("pricing")))


def test_what_administrators_write_is_text(client, db):
    make_plan(description="<script>alert(1)</script>\nTwo lines.")

    text = text_of(client.get(page("pricing")))

    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert "<br>Two lines." in text


@pytest.mark.parametrize("is_user", [False, True])
def test_prices_cost_few_statements_however_many_plans(
    client, keys, maria, django_assert_num_queries, is_user
):
    for number in range(5):
        make_plan(f"plan{number}")
    if is_user:
        log_in(client, maria)

    with django_assert_num_queries(4 if is_user else 1):
        assert client.get(page("pricing")).status_code == 200


# To buy


def test_a_button_leads_to_stripe(browser, office, plan, maria):
    shown = text_of(browser.get(page("start_checkout", "patron")))
    assert "You pay on a page of Stripe." in shown

    answer = browser.post(page("start_checkout", "patron"))

    assert (answer.status_code, answer.url) == (302, "https://checkout.stripe.example/cs_1")
    assert StripeCustomer.objects.get().user == maria


@pytest.mark.parametrize("name", ["hidden", "nothing"])
def test_what_is_not_offered_has_no_page(browser, office, plan, name):
    make_plan("hidden", is_offered=False)

    for answer in (browser.get, browser.post):
        assert answer(page("start_checkout", name)).status_code == 404
    assert office.asked == []


def test_who_has_not_confirmed_an_address_confirms_it_first(client, office, plan):
    log_in(client, make_user("ada", confirmed=False))

    answer = client.post(page("start_checkout", "patron"))

    assert answer.url.startswith(page("emails"))
    assert office.asked == []


def test_nothing_is_bought_by_a_link_or_by_the_form_of_another_site(maria, office, plan):
    browser = log_in(Client(enforce_csrf_checks=True), maria)

    assert browser.get(page("start_checkout", "patron")).status_code == 200
    assert browser.post(page("start_checkout", "patron")).status_code == 403
    assert office.asked == []


def test_what_stripe_refuses_stands_on_the_page(browser, office, plan):
    office.status = 500

    answer = browser.post(page("start_checkout", "patron"))

    assert answer.status_code == 503
    assert "The payment service does not answer. Nothing was charged." in text_of(answer)


def test_who_has_it_already_is_told_so(browser, office, subscription, plan):
    apply_event(read(subscription.told("updated", "active")))

    answer = browser.post(page("start_checkout", "patron"))

    assert "You have this membership already." in text_of(answer)


def test_where_stripe_leads_back_to_nothing_is_believed(browser, subscription):
    waiting = text_of(browser.get(page("checkout_done"), {"session_id": "cs_1", "paid": "yes"}))
    assert "Your payment is being confirmed" in waiting

    apply_event(read(subscription.paid()))

    assert "Your membership has begun: <strong>Patron</strong>." in text_of(
        browser.get(page("checkout_done"))
    )


def test_a_membership_of_before_is_not_taken_for_the_one_that_was_bought(
    browser, office, subscription, maria
):
    record_payment(maria, make_plan("friend", role="friend"), timezone.now() + days(30))
    browser.post(page("start_checkout", "patron"))
    back = office.asked[-1][1]["success_url"]

    waiting = text_of(browser.get(back))

    assert "Your payment is being confirmed" in waiting
    assert f'href="{back.removeprefix("http://testserver")}"' in waiting
    apply_event(read(subscription.paid()))
    assert "Your membership has begun: <strong>Patron</strong>." in text_of(browser.get(back))


def test_what_is_paid_ahead_is_not_said_to_have_begun(browser, maria, plan):
    record_payment(maria, plan, timezone.now() + days(60), since=timezone.now() + days(30))

    assert "Your payment is being confirmed" in text_of(browser.get(page("checkout_done")))


# The own membership


def test_it_says_that_it_is_to_come(browser, keys, maria, plan):
    since = timezone.now() + days(30)
    record_payment(maria, plan, since + days(30), since=since)

    text = text_of(browser.get(page("membership")))

    assert f'<span class="ua-tag ua-wait">from {on(since)}</span>' in text
    assert ">running<" not in text
    assert page("start_checkout", "patron") in text_of(browser.get(page("pricing")))


@pytest.mark.parametrize("is_late", [False, True])
def test_it_names_no_day_where_nothing_is_paid_any_more(browser, office, subscription, is_late):
    office.invoices["pi_sub_1_0"] = subscription.invoice()
    trees = [subscription.told("created", "active"), subscription.paid(), subscription.refunded()]
    if is_late:
        later = subscription.begins + days(1)
        trees.append(subscription.told("updated", "past_due", at=later))
    for tree in trees:
        apply_event(read(tree))

    text = text_of(browser.get(page("membership")))

    assert " on ." not in text
    assert "until ." not in text


def test_the_menu_leads_to_the_membership(browser):
    assert page("membership") in text_of(browser.get(page("profile")))


def test_who_has_none_is_led_to_what_is_for_sale(browser, plan):
    text = text_of(browser.get(page("membership")))

    assert "You have no membership yet." in text
    assert page("pricing") in text
    assert page("customer_portal") not in text


def test_it_says_until_when_it_is_paid_and_that_it_does_not_go_on(browser, maria, plan):
    until = timezone.now() + days(30)
    record_payment(maria, plan, until)

    text = text_of(browser.get(page("membership")))

    assert f"Paid until {on(until)}. It does not renew automatically." in text
    assert f"From {on(timezone.now())} to {on(until)}" in text
    assert page("customer_portal") not in text


def test_it_says_that_it_goes_on_by_itself(browser, subscription):
    apply_event(read(subscription.paid()))
    apply_event(read(subscription.told("updated", "active")))

    text = text_of(browser.get(page("membership")))

    until = on(subscription.period(0)[1])
    assert f"Paid until {until}. It renews automatically until you cancel." in text
    assert page("customer_portal") in text


def test_it_says_when_it_ends_and_not_who_has_ended_it(browser, subscription):
    # By the member, by somebody at Stripe, or by the command while the account was switched off.
    apply_event(read(subscription.paid()))
    apply_event(read(subscription.told("updated", "active", cancel_at_period_end=True)))

    text = text_of(browser.get(page("membership")))

    assert f"It ends on {on(subscription.period(0)[1])}." in text
    assert "cancel" not in text


def test_it_says_that_a_payment_has_failed(browser, subscription):
    for tree in (subscription.paid(0), subscription.failed(1)):
        apply_event(read(tree))
    apply_event(read(subscription.told("updated", "past_due")))

    text = text_of(browser.get(page("membership")))

    ends = on(subscription.period(0)[1] + timedelta(days=3))
    assert f"without a payment the membership ends on {ends}" in text
    assert ">failed</span>" in text


def test_it_says_that_it_has_ended_where_a_payment_stays_late(browser, subscription):
    subscription.begins -= days(34)
    for tree in (subscription.paid(0), subscription.failed(1)):
        apply_event(read(tree))
    apply_event(read(subscription.told("updated", "past_due")))

    text = text_of(browser.get(page("membership")))

    over = subscription.period(0)[1] + days(3)
    assert f"It ended on {on(over)}. Check your card, so that your membership goes on." in text
    assert "without a payment the membership ends on" not in text
    assert page("customer_portal") in text


def test_it_says_that_it_has_ended(browser, maria, plan):
    record_payment(maria, plan, timezone.now() + days(30))
    end_membership(only())

    text = text_of(browser.get(page("membership")))

    assert f"It ended on {on(timezone.now())}." in text


def test_it_has_ended_by_the_clock_alone(browser, maria, plan):
    payment = record_payment(maria, plan, timezone.now() + days(5))

    with at(payment.ends_at + days(4)):
        text = text_of(browser.get(page("membership")))

    assert f"It ended on {on(payment.ends_at)}." in text


def test_it_says_that_a_payment_is_awaited_and_what_was_given_back(browser, subscription, maria):
    apply_event(read(subscription.checked_out()))
    record_payment(maria, make_plan("friend"), timezone.now() + days(5))
    refund_payment(Payment.objects.get())

    text = text_of(browser.get(page("membership")))

    assert "Your payment is being confirmed." in text
    assert ">refunded</span>" in text
    assert "None" not in text


@pytest.mark.asvs("8.2.2")
def test_a_membership_of_somebody_else_is_not_shown(browser, plan):
    record_payment(make_user("ada"), plan, timezone.now() + days(5))

    assert "You have no membership yet." in text_of(browser.get(page("membership")))


def test_it_costs_the_same_for_many_payments(browser, maria, plan, django_assert_num_queries):
    for number in range(12):
        record_payment(maria, plan, timezone.now() + days(30 * (number + 1)))

    with django_assert_num_queries(4):
        browser.get(page("membership"))


# The portal


def test_a_button_leads_to_the_portal(browser, office, subscription):
    assert "change your card there" in text_of(browser.get(page("customer_portal")))

    answer = browser.post(page("customer_portal"))

    assert answer.url == "https://billing.stripe.example/bps_1"


def test_who_has_not_given_the_password_lately_gives_it_first(
    browser, office, subscription, set_conf
):
    set_conf(RECENT_LOGIN_MAX_AGE=timedelta(0))

    answer = browser.post(page("customer_portal"))

    assert answer.url.startswith(page("confirm_identity"))
    assert office.asked == []


def test_who_has_bought_nothing_is_led_back(browser, office):
    assert browser.get(page("customer_portal")).url == page("membership")
    assert browser.post(page("customer_portal")).url == page("membership")
    assert office.asked == []
