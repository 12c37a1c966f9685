"""What the webhook refuses, with 400 and nothing changed, and what it takes."""

import json
import time

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from django_useraccounts.memberships.models import ProviderEvent, StripeCustomer
from django_useraccounts.models import RoleGrant
from django_useraccounts.testing import make_user
from tests.memberships.bills import KEY, SECRET, Subscription, event, post, signature
from tests.memberships.conftest import days, opens

pytestmark = pytest.mark.django_db


def rows():
    """Return every row of every table."""
    return {model._meta.label: list(model._base_manager.values()) for model in apps.get_models()}


def body_of(tree):
    return json.dumps(tree)


def test_an_event_opens_the_pages(client, subscription, maria):
    assert post(client, subscription.paid()) == 200

    assert opens(maria)


def test_an_event_that_comes_again_is_taken_and_changes_nothing(client, subscription):
    body = body_of(subscription.paid())
    first, again = (signature(body, at=time.time() - age) for age in (9, 1))
    assert post(client, body, **{"Stripe-Signature": first}) == 200
    before = rows()

    assert post(client, body, **{"Stripe-Signature": again}) == 200

    assert rows() == before


def test_a_delivery_that_somebody_plays_again_is_refused(client, subscription):
    body = body_of(subscription.paid())
    signed = {"Stripe-Signature": signature(body)}
    assert post(client, body, **signed) == 200
    before = rows()

    assert post(client, body, **signed) == 400

    assert rows() == before


@pytest.mark.parametrize(
    "kind", ["customer.created", "invoice.created", "payment_intent.succeeded", "x" * 200]
)
def test_kinds_that_do_not_matter_are_taken_and_change_nothing(client, subscription, kind):
    before = rows()

    assert post(client, event(kind, {"id": "x"}, at=subscription.begins)) == 200

    assert rows() == before


# Signatures

STAMP = int(time.time())
SIGNATURES = {
    "none": lambda body: "",
    "nonsense": lambda body: "nonsense",
    "no time": lambda body: signature(body).partition(",")[2],
    "no signature": lambda body: f"t={STAMP}",
    "a time in words": lambda body: "t=now,v1=" + signature(body).partition("v1=")[2],
    "an endless time": lambda body: "t=" + "9" * 5000 + ",v1=00",
    "another time": lambda body: (
        f"t={int(time.time()) + 9},v1=" + signature(body).partition("v1=")[2]
    ),
    "an older scheme": lambda body: signature(body).replace("v1=", "v0="),
    "another secret": lambda body: signature(body, secret="whsec_of_the_evil"),
    "no secret": lambda body: signature(body, secret=""),
    "another body": lambda body: signature(body + " "),
    "too old": lambda body: signature(body, at=time.time() - 301),
    "of last year": lambda body: signature(body, at=time.time() - 86_400 * 365),
    "letters that are not ascii": lambda body: f"t={STAMP},v1=ä",
    "thousands": lambda body: f"t={STAMP}," + ",".join(f"v1={n:064x}" for n in range(1000)),
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_what_stripe_has_not_signed_lately_is_refused(client, subscription, name):
    body, before = body_of(subscription.paid()), rows()

    status = post(client, body, **{"Stripe-Signature": SIGNATURES[name](body)})

    assert status == 400
    assert rows() == before


def test_what_was_heard_before_is_refused_when_it_is_played_again_later(client, subscription):
    tree = subscription.paid()
    assert post(client, tree) == 200
    before, body = rows(), body_of(tree)

    stale = signature(body, at=time.time() - 301)

    assert post(client, body, **{"Stripe-Signature": stale}) == 400
    assert rows() == before


def test_while_a_secret_is_replaced_one_good_signature_is_enough(client, subscription):
    body = body_of(subscription.paid())
    good = signature(body)

    both = good.replace(",v1=", f",v1={'0' * 64},v1=")

    assert post(client, body, **{"Stripe-Signature": both}) == 200


# Bodies


def without(name):
    def change(tree):
        del tree[name]
        return tree

    return change


def with_data(**changes):
    def change(tree):
        tree["data"]["object"] |= changes
        return tree

    return change


def with_event(**changes):
    return lambda tree: tree | changes


LINE = {"amount": 5, "period": {"start": 1_800_000_000, "end": 1_800_000_009}}
MALFORMED = {
    "nothing": lambda tree: "",
    "no json": lambda tree: "{",
    "a number": lambda tree: "7",
    "a list": lambda tree: "[]",
    "null": lambda tree: "null",
    "a word": lambda tree: '"event"',
    "deep nesting": lambda tree: "[" * 100_000,
    "a huge number": lambda tree: '{"object": ' + "9" * 5000 + "}",
    "a lone surrogate": with_event(id="evt_\ud800"),
    "a nul": with_event(id="evt_\0"),
    "letters that are not ascii": with_event(id="evt_ä"),
    "a long id": with_event(id="e" * 256),
    "no id": without("id"),
    "an empty id": with_event(id=""),
    "an id that is a number": with_event(id=7),
    "no type": without("type"),
    "a type that is a list": with_event(type=[]),
    "no time": without("created"),
    "a time in words": with_event(created="now"),
    "a time that is true": with_event(created=True),
    "a time that is no number": with_event(created=float("nan")),
    "a time of another age": with_event(created=10**18),
    "a time before all": with_event(created=-1),
    "no data": without("data"),
    "data that are a list": with_event(data=[]),
    "an object that is a word": with_event(data={"object": "x"}),
    "another object": with_event(object="v2.core.event"),
    "no customer": with_data(customer=None),
    "a customer that is a list": with_data(customer=[]),
    "lines that are words": with_data(lines={"data": ["x"]}),
    "a line without amount": with_data(lines={"data": [{**LINE, "amount": None}]}),
    "a line without period": with_data(lines={"data": [{"amount": 5}]}),
    "a period without end": with_data(lines={"data": [{**LINE, "period": {"start": 1e9}}]}),
    "a period of another age": with_data(
        lines={"data": [{**LINE, "period": {"start": 10**9, "end": 10**12}}]}
    ),
    "an invoice without id": with_data(id=None),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_event_is_refused(client, subscription, name):
    broken = MALFORMED[name](subscription.paid())
    before = rows()

    assert post(client, broken) == 400

    assert rows() == before


@pytest.mark.parametrize("status", [None, "", "of_tomorrow", 7, ["active"]])
def test_a_subscription_in_a_state_that_there_is_not_is_refused(client, subscription, status):
    before = rows()

    assert post(client, subscription.told("updated", status)) == 400

    assert rows() == before


def test_a_body_that_is_no_text_is_refused(client, subscription):
    url = reverse("useraccounts:stripe_webhook")

    answer = client.post(url, b"\xff\xfe", content_type="application/json")

    assert answer.status_code == 400


@pytest.mark.parametrize("length", [512 * 1024 + 1, 3 * 1024 * 1024])
def test_a_body_that_is_too_long_is_refused_before_it_is_read(client, subscription, length):
    tree = subscription.paid()
    tree["data"]["object"]["description"] = "x" * length

    assert post(client, tree) == 400

    assert not ProviderEvent.objects.exists()


# Whose


FOREIGN = {
    "of an account that is connected": with_event(account="acct_1"),
    "of real money": with_event(livemode=True),
    "of no mode": with_event(livemode=None),
    "of a customer of nobody": with_data(customer="cus_evil"),
    "of another customer of ours": with_data(customer="cus_ada"),
    "of another user": lambda tree: Subscription("999999").paid(),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_of_somebody_else_is_refused(client, subscription, name):
    StripeCustomer.objects.create(user=make_user("ada"), customer_id="cus_ada")
    foreign = FOREIGN[name](subscription.paid())
    before = rows()

    assert post(client, foreign) == 400

    assert rows() == before


def test_what_another_site_sells_on_the_same_account_is_taken_and_changes_nothing(
    client, subscription
):
    other = Subscription("777", customer="cus_of_the_other", price="price_of_the_other")
    trees = [other.checked_out(), other.told("created", "active"), other.paid(), other.failed(1)]
    before = rows()

    assert [post(client, tree) for tree in trees] == [200] * 4

    assert rows() == before


@pytest.mark.parametrize("key", [KEY.replace("test", "live"), "rk_live_1"])
def test_a_site_with_a_live_key_takes_live_events_alone(client, subscription, set_conf, key):
    set_conf(MEMBERSHIPS={"STRIPE_SECRET_KEY": key, "STRIPE_WEBHOOK_SECRET": SECRET})

    assert post(client, subscription.paid()) == 400
    assert post(client, subscription.paid() | {"livemode": True}) == 200


def test_what_is_refused_tells_no_secret(client, subscription, caplog, maria):
    body = body_of(subscription.paid())

    post(client, body, **{"Stripe-Signature": "t=1,v1=secret-words"})
    post(client, Subscription("999999").paid())

    assert "A webhook of Stripe was refused: UnsignedEvent." in caplog.text
    assert "A webhook of Stripe was refused: ForeignEvent." in caplog.text
    for word in ("secret-words", SECRET, KEY, "cus_maria", "evt_"):
        assert word not in caplog.text


# The view


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "head"])
def test_it_is_posted_to_alone(client, subscription, method):
    assert getattr(client, method)(reverse("useraccounts:stripe_webhook")).status_code == 405


def test_it_asks_for_no_token_and_no_login_and_begins_no_session(subscription, maria, settings):
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE,
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ]
    client = Client(enforce_csrf_checks=True)

    assert post(client, subscription.paid()) == 200

    assert not client.cookies
    assert opens(maria)


@pytest.mark.parametrize("missing", ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"])
def test_a_site_without_keys_has_no_webhook(client, subscription, set_conf, missing):
    keys = {"STRIPE_SECRET_KEY": KEY, "STRIPE_WEBHOOK_SECRET": SECRET, missing: ""}
    set_conf(MEMBERSHIPS=keys)
    body = body_of(subscription.paid())

    status = post(client, body, **{"Stripe-Signature": signature(body, secret="")})

    assert status == 404
    assert not RoleGrant.objects.exists()


def test_an_answer_holds_no_words(client, subscription):
    url = reverse("useraccounts:stripe_webhook")

    answer = client.post(url, "x", content_type="application/json")

    assert (answer.status_code, answer.content) == (400, b"")


def test_a_refund_that_stripe_cannot_explain_now_is_asked_for_again(
    client, subscription, office, maria
):
    post(client, subscription.paid())
    office.status = 500
    before = rows()

    assert post(client, subscription.refunded()) == 503

    assert rows() == before
    office.status, office.invoices["pi_sub_1_0"] = 200, subscription.invoice()
    assert post(client, subscription.refunded()) == 200
    assert not opens(maria)


def test_a_refund_that_was_heard_is_not_asked_for_again(client, subscription, office):
    office.invoices["pi_sub_1_0"] = subscription.invoice()
    post(client, subscription.paid())
    body = body_of(subscription.refunded())
    played, anew = (signature(body, at=time.time() - age) for age in (9, 1))

    heard = [
        post(client, body, **{"Stripe-Signature": signed}) for signed in (played, played, anew)
    ]

    assert heard == [200, 400, 200]
    assert office.paths() == ["GET /v1/invoice_payments"]


def test_an_event_costs_few_statements(client, subscription, maria, django_assert_max_num_queries):
    post(client, subscription.told("created", "active"))
    post(client, subscription.paid(0))

    with django_assert_max_num_queries(30):
        post(client, subscription.paid(1))

    assert opens(maria, moment=subscription.period(1)[0] + days(1))
