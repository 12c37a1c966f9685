"""Who pays, and what for: the pages that lead to Stripe, what it tells, and the books."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import stripe
from django.utils import timezone
from hypothesis import strategies as st

from django_useraccounts.errors import AccountError
from django_useraccounts.memberships.flows import end_membership, record_payment, refund_payment
from django_useraccounts.memberships.models import Membership, Payment, Plan, StripeCustomer
from django_useraccounts.memberships.stripe.events import PLAN_KEY, USER_KEY
from django_useraccounts.models import AccountEvent
from tests.machine import settings as sites
from tests.machine.base import act, at, which, who, yes_or_no
from tests.machine.sessions import Sessions
from tests.machine.world import Broken, Browser, checkouts, clock, rows, stopped, url
from tests.memberships.bills import Subscription, signature


class Clerk(stripe.HTTPClient):
    """What Stripe answers to the site, without a wire; ``asked`` is what it was asked for last."""

    name = "clerk"
    asked: Mapping[str, list[str]] = {}

    def request(
        self, method: str, url: str, headers: Any, post_data: Any = None
    ) -> tuple[str, int, dict[str, str]]:
        path, query = urlsplit(url)[2:4]
        Clerk.asked = parse_qs(post_data or query)
        listed: dict[str, Any] = {"object": "list", "data": [], "has_more": False}
        if path == "/v1/customers":
            [user] = self.asked[f"metadata[{USER_KEY}]"]
            told = {"id": f"cus_{user}", "object": "customer"}
        elif path == "/v1/subscriptions":
            # What people have bought, Stripe has told.
            told = listed
        elif path.startswith("/v1/subscriptions/"):
            if method != "get":
                stopped.add(path.split("/")[-1])
            told = {"id": "1", "object": "subscription", "status": "active"}
        elif "portal" in path:
            told = {"id": "1", "object": "portal.session", "url": f"{sites.STRIPE}portal"}
        elif path.endswith("/expire"):
            told = checkouts.pop(path.split("/")[-2])
        elif method == "get":
            of = f"cs_of_{self.asked['customer'][0]}"
            told = {**listed, "data": [checkouts[of]] if of in checkouts else []}
        else:
            told = self._opened()
        return json.dumps(told), 200, {}

    def _opened(self) -> dict[str, Any]:
        """Let a customer pay; of two checkouts at once the site has had the first expire."""
        session_id = f"cs_of_{self.asked['customer'][0]}"
        if session_id in checkouts:
            raise Broken(f"{session_id} can be paid twice")
        checkouts[session_id] = {
            "id": session_id,
            "object": "checkout.session",
            "url": f"{sites.STRIPE}checkout",
            "metadata": {PLAN_KEY: self.asked[f"metadata[{PLAN_KEY}]"][0]},
        }
        return checkouts[session_id]

    def close(self) -> None:
        """Nothing is to be closed."""


class Money(Sessions):
    """Steps of members, of Stripe, and of who keeps the books."""

    def __init__(self) -> None:
        super().__init__()
        #: For whom Stripe has begun a subscription, and whether it goes on.
        self.subscribers: dict[int, bool] = {}

    @act(needs="somebody", who=who, at=at)
    def start_checkout(self, who: str, at: int) -> bool:
        return self._go_to_stripe(who, at, "start_checkout", "patron")

    @act(needs="customers", who=who, at=at)
    def open_portal(self, who: str, at: int) -> bool:
        return self._go_to_stripe(who, at, "customer_portal")

    @property
    def customers(self) -> list[tuple[Any, ...]]:
        return rows("SELECT 1 FROM useraccounts_memberships_stripecustomer LIMIT 1")

    def _go_to_stripe(self, who: str, at: int, page: str, *args: str) -> bool:
        """Be led to Stripe: as the customer of the account that one is in, and as no other."""
        browser = self.enter(who, at)
        user = self.user_of(browser)
        if user is None:
            return False
        self._prove_by_provider(browser)
        response = self.ask(browser, url(page, *args))
        if not response.get("Location", "").startswith(sites.STRIPE):
            return False
        found = rows(
            "SELECT customer_id FROM useraccounts_memberships_stripecustomer WHERE user_id = ?",
            user,
        )
        if [tuple(Clerk.asked["customer"])] != found or found != [(f"cus_{user}",)]:
            raise Broken(f"#{user} came to Stripe as {Clerk.asked['customer']}")
        return True

    @act(needs="somebody", number=which, days=st.integers(1, 40))
    def record_payment(self, number: int, days: int) -> bool:
        user = self.some_user(number)
        if user is None:
            return False
        until = timezone.now() + timedelta(days=days)
        try:
            record_payment(user, Plan.objects.get(), until, by=self.boss)
        except AccountError:
            return False
        return True

    @act(needs="memberships", number=which)
    def refund_payment(self, number: int) -> bool:
        payments = list(Payment.objects.filter(state="paid").order_by("pk"))
        if not payments:
            return False
        try:
            refund_payment(payments[number % len(payments)], by=self.boss)
        except AccountError:
            return False
        return True

    @act(needs="memberships", number=which)
    def end_membership(self, number: int) -> bool:
        memberships = list(Membership.objects.exclude(state="ended").order_by("pk"))
        if not memberships:
            return False
        try:
            end_membership(memberships[number % len(memberships)], by=self.boss)
        except AccountError:
            return False
        return True

    @act(
        needs="somebody",
        number=which,
        what=st.sampled_from(("told", "paid", "paid", "failed", "deleted")),
        period=st.integers(0, 2),
        is_forged=yes_or_no,
    )
    def stripe_tells(self, number: int, what: str, period: int, is_forged: bool) -> bool:
        """Stripe posts an event of a subscription; a forged one, by Mallory, changes nothing."""
        user = self.some_user(number)
        if user is None:
            return False
        customer = f"cus_{user.pk}"
        StripeCustomer.objects.get_or_create(user=user, defaults={"customer_id": customer})
        begins = clock.START
        bill = Subscription(str(user.pk), customer=customer, id=f"sub_{user.pk}", begins=begins)
        tree = {
            "told": lambda: bill.told("created", "active"),
            "paid": lambda: bill.paid(period),
            "failed": lambda: bill.failed(period),
            "deleted": lambda: bill.deleted(timezone.now()),
        }[what]()
        text = json.dumps(tree)
        sign = signature(text, secret="whsec_of_mallory") if is_forged else signature(text)
        stripe = Browser("", "192.0.2.99")
        before = AccountEvent.objects.count(), Payment.objects.count()
        response = stripe.post_json(url("stripe_webhook"), text, HTTP_STRIPE_SIGNATURE=sign)
        self._judge(response)
        changed = before != (AccountEvent.objects.count(), Payment.objects.count())
        is_taken = response.status_code == 200
        if is_forged and (changed or is_taken):
            raise Broken("a forged event was taken")
        if is_taken and what == "told":
            self.subscribers.setdefault(user.pk, True)
        elif is_taken and what == "deleted":
            self.subscribers[user.pk] = False
        return is_taken
