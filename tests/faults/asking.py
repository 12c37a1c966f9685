"""
Situations that lean on the outside, and are none of those that lean on the database.

They change no row, or only the session, or the browser goes to a provider and comes back: then a
second try has to begin there again.
"""

from collections.abc import Callable
from typing import Any

from django.test import Client
from django.urls import reverse

from django_useraccounts.leaving.flows import close_account
from django_useraccounts.memberships.flows import (
    apply_event,
    customer_portal,
    start_checkout,
    stop_renewals,
)
from django_useraccounts.memberships.models import StripeCustomer
from django_useraccounts.registration.flows import register
from django_useraccounts.social.flows import (
    confirm_identity_by,
    connect,
    log_in_by,
    receive_answer,
    register_identity,
)
from django_useraccounts.social.identities import Identity
from django_useraccounts.testing import make_user
from django_useraccounts.testing.provider import FakeProvider
from tests.faults.cases.memberships import SELLING, ask_office, customer, patron
from tests.faults.harness import Act, Case
from tests.faults.test_pages import FRIDA, PROVIDERS, browser_of, sending
from tests.memberships.bills import post, read
from tests.social.visits import HANNAH, ISSUER

#: Who tells an address only to those who ask once more with the token.
provider = FakeProvider(issuer=ISSUER, person=HANNAH, in_userinfo=("email", "email_verified"))
HERSELF = Identity("guild", ISSUER, "hannah-1", email="hannah@guild.example", is_email_proved=True)
#: The one whose mails leave by HTTP.
BY_AN_API = "and_be_mailed_by_an_api"

FLOWS: list[Case] = []
VISITS: list[Case] = []


def case(
    flow: Callable[..., Any], cases: list[Case], **conf: Any
) -> Callable[[Callable[[], Act]], Callable[[], Act]]:
    """Put a situation of ``flow`` among the cases of code, or of a browser."""

    def remember(prepare: Callable[[], Act]) -> Callable[[], Act]:
        cases.append(Case(flow, prepare, conf))
        return prepare

    return remember


@case(customer_portal, FLOWS, **SELLING)
def of_a_customer() -> Act:
    maria, _plan = patron()
    StripeCustomer.objects.create(user=maria, customer_id="cus_maria")
    ask_office()
    return lambda: customer_portal(maria)


@case(stop_renewals, FLOWS, **SELLING)
def of_an_account_that_was_closed() -> Act:
    subscription = customer()
    apply_event(read(subscription.told("created", "active")))
    close_account(StripeCustomer.objects.get().user)
    ask_office()
    return stop_renewals


@case(stop_renewals, FLOWS, **SELLING)
def of_one_whose_change_waits_for_the_next_period() -> Act:
    subscription = customer()
    apply_event(read(subscription.told("created", "active")))
    close_account(StripeCustomer.objects.get().user)

    def act() -> object:
        # Put off anew: another run begins with a change that waits, too.
        ask_office().schedules[subscription.id] = "sub_sched_1"
        return stop_renewals()

    return act


@case(stop_renewals, FLOWS, **SELLING)
def of_one_whose_change_is_late() -> Act:
    subscription = customer()
    for tree in (
        subscription.paid(0),
        subscription.failed(0, id="in_of_the_change"),
        subscription.told("created", "past_due"),
    ):
        apply_event(read(tree))
    close_account(StripeCustomer.objects.get().user)
    ask_office().open[subscription.id] = ["in_of_the_change"]
    return stop_renewals


@case(start_checkout, VISITS, **SELLING)
def from_its_page() -> Act:
    maria, plan = patron()
    StripeCustomer.objects.create(user=maria, customer_id="cus_maria")
    client = browser_of(maria)
    ask_office()
    return sending(client, reverse("useraccounts:start_checkout", args=[plan.name]))


@case(customer_portal, VISITS, **SELLING)
def from_the_page_of_the_membership() -> Act:
    maria, _plan = patron()
    StripeCustomer.objects.create(user=maria, customer_id="cus_maria")
    client = browser_of(maria)
    ask_office()
    return sending(client, reverse("useraccounts:customer_portal"))


@case(apply_event, VISITS, **SELLING)
def that_stripe_posts() -> Act:
    subscription = customer()
    apply_event(read(subscription.paid(0)))
    ask_office().invoices["pi_sub_1_0"] = subscription.invoice(0)
    event = subscription.refunded(0)
    client = browser_of()
    return lambda: post(client, event)


@case(register, VISITS)
def and_be_mailed_by_an_api() -> Act:
    return sending(browser_of(), reverse("useraccounts:register"), **FRIDA)


@case(log_in_by, VISITS, SOCIAL=PROVIDERS)
def who_is_connected() -> Act:
    connect(make_user("hannah"), HERSELF)
    return going_there(browser_of(), "social_login")


@case(register_identity, VISITS, SOCIAL=PROVIDERS)
def who_is_new_and_comes_to_the_page_that_asks_for_more() -> Act:
    return going_there(browser_of(), "social_login")


@case(connect, VISITS, SOCIAL=PROVIDERS)
def to_the_own_account() -> Act:
    return going_there(browser_of(make_user("hannah")), "connect_provider")


@case(confirm_identity_by, VISITS, SOCIAL=PROVIDERS)
def who_has_to_prove_it_once_more() -> Act:
    hannah = make_user("hannah")
    connect(hannah, HERSELF)
    return going_there(browser_of(hannah), "social_login", purpose="prove")


@case(receive_answer, VISITS, SOCIAL=PROVIDERS)
def of_somebody_who_owns_the_address() -> Act:
    make_user("hannah", HERSELF.email)
    return going_there(browser_of(), "social_login")


def going_there(client: Client, page: str, **data: str) -> Act:
    """Return the way to the provider and back, as far as it leads."""

    def act() -> Any:
        begun = client.post(reverse(f"useraccounts:{page}", args=["guild"]), data)
        if not begun.headers.get("Location", "").startswith(ISSUER):
            return begun
        return client.get(provider.agree(begun["Location"]))

    return act
