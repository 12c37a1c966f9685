"""Q. Whatever Stripe or a provider of mail posts, signed as it should be: an answer, and quickly."""

import json
from base64 import b64encode
from functools import partial
from traceback import extract_tb

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from django_useraccounts.canonical import email_key
from django_useraccounts.memberships.flows import apply_event
from django_useraccounts.memberships.models import Membership, Payment, Plan, StripeCustomer
from django_useraccounts.models import Role, UndeliverableAddress
from django_useraccounts.refusals import as_kept
from django_useraccounts.testing import make_user
from tests.choosing import today
from tests.fuzz import EXAMPLES, fuzz
from tests.fuzz.requests import in_time
from tests.fuzz.trees import TREES, changed, places
from tests.memberships.bills import KEY, SECRET, Subscription, post, read
from tests.memberships.office import open_office
from tests.webhooks import test_providers as providers

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.webhooks.urls")]

#: What no event has at any place, or not at most.
ODD = [None, True, 0, -1, 10**18, 10**400, 1e308, float("nan"), float("inf"), "", "\0", "\ud800"]
ODD += [
    "9" * 5000,
    "x" * 70_000,
    "2026-13-45",
    "\u202e",
    [],
    {},
    [[]],
    [None],
    {"": None},
    ["x"] * 3,
]
#: In how many days each place has been each of them.
DAYS = 3


def some(found):
    """Yield a share, which is another one each day; or all."""
    for number, each in enumerate(found):
        if EXAMPLES or (number + today()) % DAYS == 0:
            yield each


# Stripe


@pytest.fixture
def office(set_conf):
    """A site that sells: Maria has paid once, and whatever is asked about her is answered."""
    set_conf(
        MEMBERSHIPS={"STRIPE_SECRET_KEY": KEY, "STRIPE_WEBHOOK_SECRET": SECRET},
        MAIL_DELIVERY="command",
    )
    maria = make_user("maria")
    role = Role.objects.create(name="member")
    Plan.objects.create(name="patron", label="Patron", role=role, price_id="price_patron")
    StripeCustomer.objects.create(user=maria, customer_id="cus_maria")
    life = Subscription(str(maria.pk))
    for tree in (life.told("created", "active"), life.paid(0)):
        apply_event(read(tree))
    with open_office() as office:
        office.invoices["pi_sub_1_0"] = life.invoice(0)
        yield office


def news():
    """Return what Stripe tells of Maria next, each once."""
    life = Subscription(str(StripeCustomer.objects.get().user_id))
    ends = life.period(1)[0]
    events = [life.paid(1), life.failed(1), life.refunded(0), life.checked_out()]
    return [*events, life.deleted(ends), life.told("updated", "past_due", number=1)]


def hear(tree):
    """Post an event, look at what it has done, and undo it; return the status."""
    with transaction.atomic():
        status = in_time(partial(post, Client(raise_request_exception=False), tree), tree)
        assert Payment.objects.count() <= 2
        assert Membership.objects.count() <= 2
        transaction.set_rollback(True)
    return status


def test_each_event_is_heard_as_it_is(office):
    assert [hear(tree) for tree in news()] == [200] * 6


@pytest.mark.one_database
def test_no_event_with_one_odd_value_breaks_the_page_of_stripe(office):
    for kind in range(len(news())):
        for place, value in some((place, odd) for place in places(news()[kind]) for odd in ODD):
            # A new one each time: one that was heard is not read again.
            assert hear(changed(news()[kind], place, value)) in {200, 400}, (place, value)


def test_no_event_that_somebody_makes_up_breaks_the_page_of_stripe(office):
    @given(st.data())
    @fuzz
    def check(data):
        tree = data.draw(st.sampled_from(news()))
        for place in data.draw(st.lists(st.sampled_from(list(places(tree))), max_size=4)):
            if place in set(places(tree)):
                tree = changed(tree, place, data.draw(TREES))
        assert hear(tree) in {200, 400}

    check()


# A provider of mail

REPORTS = {
    "postmark": [
        providers.postmark_bounce("HardBounce"),
        providers.postmark("Delivery", DeliveredAt="2026-11-05T16:33:54Z"),
    ],
    "brevo": [providers.brevo("soft_bounce", reason="452 4.2.2 Over quota")],
    "mailjet": [providers.mailjet("bounce", hard_bounce=True, **providers.MAILJET_UNKNOWN)],
}


@pytest.fixture
def report(settings):
    settings.ANYMAIL = {"WEBHOOK_SECRET": providers.SECRET}
    basic = b64encode(providers.SECRET.encode()).decode()
    client = Client()

    def send(provider, tree):
        path, body = f"/anymail/{provider}/tracking/", json.dumps(tree)
        sent = {"content_type": "application/json", "headers": {"Authorization": f"Basic {basic}"}}
        return in_time(partial(client.post, path, body, **sent), tree).status_code

    return send


def test_each_report_is_heard_as_it_is(report):
    for provider, trees in REPORTS.items():
        for tree in trees:
            assert report(provider, tree) == 200

    assert UndeliverableAddress.objects.exists()


@pytest.mark.one_database
def test_no_report_with_one_odd_value_breaks_what_hears_it(report):
    trees = [(provider, tree) for provider, trees in REPORTS.items() for tree in trees]
    for provider, tree in trees:
        for place, value in some((place, odd) for place in places(tree) for odd in ODD):
            with transaction.atomic():
                assert is_heard(partial(report, provider, changed(tree, place, value)))
                for row in UndeliverableAddress.objects.all():
                    assert row.email_key == email_key(row.email_key)
                    assert row.reason == as_kept(row.reason)
                transaction.set_rollback(True)


def is_heard(ask):
    """Say whether it is answered; what anymail itself stumbles over is not ours, and never gets here."""
    try:
        return ask() == 200
    except Exception as error:
        files = [frame.filename for frame in extract_tb(error.__traceback__)]
        return not any("/django_useraccounts/" in file for file in files)
