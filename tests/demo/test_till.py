"""A stranger buys a membership in the demo, over HTTP, through the library of Stripe."""

import re
from urllib.parse import urlsplit

import pytest
import stripe
from django.apps import apps
from django.contrib.auth import get_user_model
from django.urls import reverse

from django_useraccounts.memberships.flows import stop_renewals
from django_useraccounts.memberships.models import Membership
from django_useraccounts.models import OutgoingMail
from testproject.guild.apps import lead_to_till
from testproject.guild.people import PASSWORD, seed
from testproject.guild.till.books import books, invoices_of

pytestmark = pytest.mark.django_db(transaction=True)


def page(name, *args):
    return reverse(f"useraccounts:{name}", args=args)


@pytest.fixture
def nova(site, live_server, client):
    """Nova is logged in, has no role, and the till is open."""
    before = stripe.api_base
    lead_to_till(f"{live_server.url}/till")
    seed()
    client.defaults["HTTP_HOST"] = urlsplit(live_server.url).netloc
    client.post(page("login"), {"identifier": "nova", "password": PASSWORD})
    yield client
    lead_to_till(before)


def buy(client):
    """Click buy, and pay; return the page that Stripe leads back to."""
    checkout = client.post(page("start_checkout", "supper-club")).url
    path = checkout.partition("/till/")[2]
    assert "€ 5 a month" in client.get(f"/till/{path}").content.decode()
    return client.post(f"/till/{path}", {"card": "good"}).url


def play(client, act):
    """Do something on the portal."""
    portal = re.sub(r"^https?://[^/]+", "", client.post(page("customer_portal")).url)
    [subscription] = client.get(portal).context["subscriptions"]
    client.post(portal, {"act": act, "subscription": subscription["id"]})


def is_open(client):
    return client.get(reverse("supper_club")).status_code == 200


def test_who_clicks_buy_and_pays_sees_the_supper_club_open(nova, live_server):
    assert not is_open(nova)
    assert page("start_checkout", "supper-club") in nova.get(page("pricing")).content.decode()

    back = buy(nova)

    assert back == live_server.url + page("checkout_done") + "?plan=supper-club"
    assert "Your membership has begun" in nova.get(page("checkout_done")).content.decode()
    assert is_open(nova)
    assert Membership.objects.get(plan__name="supper-club").shown_state == "running"
    assert OutgoingMail.objects.filter(kind="membership_started").count() == 1


def test_a_card_that_fails_opens_nothing(nova):
    checkout = nova.post(page("start_checkout", "supper-club")).url
    path = "/till/" + checkout.partition("/till/")[2]

    answer = nova.post(path, {"card": "fails"}, follow=True)

    assert "The card was refused" in answer.content.decode()
    assert not is_open(nova)


def test_of_two_tabs_the_last_one_can_be_paid(nova):
    first, second = (
        "/till/" + nova.post(page("start_checkout", "supper-club")).url.partition("/till/")[2]
        for _tab in range(2)
    )

    assert "this one is over" in nova.get(first).content.decode()
    nova.post(first, {"card": "good"})
    assert not is_open(nova)
    nova.post(second, {"card": "good"})
    assert is_open(nova)


def test_what_is_paid_there_and_was_not_heard_of_is_not_bought_twice(nova):
    buy(nova)
    Membership.objects.filter(plan__name="supper-club").delete()

    answer = nova.post(page("start_checkout", "supper-club"))

    assert "You have this membership already." in answer.content.decode()


def test_the_months_to_come_can_be_played(nova):
    buy(nova)
    membership = Membership.objects.get(plan__name="supper-club")
    first = membership.paid_until

    play(nova, "pay")
    membership.refresh_from_db()
    assert membership.paid_until > first
    play(nova, "fail")
    membership.refresh_from_db()
    assert membership.shown_state == "late"
    assert OutgoingMail.objects.filter(kind="payment_failed").count() == 1
    play(nova, "cancel")
    membership.refresh_from_db()
    assert membership.ends_at
    play(nova, "resume")
    membership.refresh_from_db()
    assert membership.ends_at is None
    assert is_open(nova)


def test_who_is_switched_off_while_a_payment_is_late_is_charged_no_more(nova):
    buy(nova)
    play(nova, "fail")
    get_user_model().objects.filter(username="nova").update(is_active=False)

    assert stop_renewals() == (1, 0)

    [subscription_id] = Membership.objects.charged().values_list("subscription_id", flat=True)
    with books() as kept:
        assert not invoices_of(kept, subscription_id, status="open")
        assert len(invoices_of(kept, subscription_id, status="void")) == 1


@pytest.mark.parametrize("act", ["refund", "end"])
def test_a_refund_and_an_end_close_the_supper_club(nova, act):
    buy(nova)
    assert is_open(nova)

    play(nova, act)

    assert not is_open(nova)


def test_without_debug_nobody_finds_the_till(client, site, db):
    site.DEBUG = False

    for path in ("/till/v1/customers", "/till/checkout/cs_1/", "/till/portal/cus_1/"):
        assert client.post(path).status_code == 404
    assert not Membership.objects.exists()


def test_the_till_is_for_whom_has_a_key(client, site, db):
    assert client.post("/till/v1/customers").status_code == 401


def test_peggy_has_paid_by_bank(client, people):
    client.post(page("login"), {"identifier": "peggy", "password": PASSWORD})

    shown = client.get(page("membership")).content.decode()

    assert "It does not renew automatically." in shown
    assert is_open(client)
    assert get_user_model().objects.get(username="peggy").memberships.count() == 1
    assert not OutgoingMail.objects.filter(kind="membership_started").exists()


def test_no_site_that_is_not_for_trying_tells_its_key_to_the_till(settings):
    settings.TILL, before = "http://127.0.0.1:9/till", stripe.api_base

    apps.get_app_config("guild").ready()

    assert stripe.api_base == before
