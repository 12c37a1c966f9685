"""What Stripe sends about one subscription, signed as it signs, in the shapes of its versions."""

import itertools
import json
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import stripe
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from django_useraccounts.memberships.stripe.events import PLAN_KEY, USER_KEY, Event, read_event

KEY, SECRET = "sk_test_of_the_tests", "whsec_of_the_tests"
MONTH = timedelta(days=30)

Tree = dict[str, Any]


class _Numbers:
    """Number the events; a test that compares them with those of another run begins anew."""

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        self._count = itertools.count(1)

    def next(self) -> int:
        return next(self._count)


numbers = _Numbers()


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def line_of(price: str, start: datetime, end: datetime, *, amount: int = 500, **more: Any) -> Tree:
    """Return a line of an invoice; an amount below 0 gives the time back."""
    period, pricing = {"start": seconds(start), "end": seconds(end)}, {"price": price}
    return {"amount": amount, "period": period, "pricing": {"price_details": pricing}, **more}


def credit_of(
    invoice: str, price: str, start: datetime, end: datetime, *, amount: int = -480
) -> Tree:
    """Return the line that gives back the rest of what an invoice has asked for."""
    told = {"proration_details": {"credited_items": {"invoice": invoice}}}
    return line_of(price, start, end, amount=amount, parent={"subscription_item_details": told})


def event(kind: str, told: Tree, *, at: datetime, **changes: Any) -> Tree:
    """Return an event as Stripe posts it."""
    return {
        "id": f"evt_{numbers.next()}",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": seconds(at),
        "livemode": False,
        "type": kind,
        "data": {"object": told},
        **changes,
    }


@dataclass
class Subscription:
    """One subscription at Stripe, and what it has to tell at each step of its life."""

    user_key: str
    customer: str = "cus_maria"
    id: str = "sub_1"
    price: str = "price_patron"
    plan: str = "patron"
    begins: datetime = field(default_factory=lambda: timezone.now().replace(microsecond=0))
    #: Before the version "basil", of March 2025, some things had other places.
    is_old: bool = False

    @property
    def metadata(self) -> Tree:
        return {USER_KEY: self.user_key, PLAN_KEY: self.plan} if self.user_key else {}

    def period(self, number: int) -> tuple[datetime, datetime]:
        return self.begins + number * MONTH, self.begins + (number + 1) * MONTH

    def checked_out(self, **changes: Any) -> Tree:
        told = {
            "id": "cs_test_1",
            "object": "checkout.session",
            "mode": "subscription",
            "client_reference_id": self.user_key or None,
            "customer": self.customer,
            "subscription": self.id,
            "metadata": self.metadata,
            "payment_status": "paid",
            "status": "complete",
            **changes,
        }
        return event("checkout.session.completed", told, at=self.begins)

    def told(
        self, what: str, status: str, *, at: datetime | None = None, number: int = 0, **changes: Any
    ) -> Tree:
        """Return the event ``customer.subscription.<what>``, in the period of a number."""
        start, end = (seconds(moment) for moment in self.period(number))
        item: Tree = {"id": "si_1", "object": "subscription_item", "price": {"id": self.price}}
        ends = {"current_period_start": start, "current_period_end": end}
        told = {
            "id": self.id,
            "object": "subscription",
            "customer": self.customer,
            "status": status,
            "cancel_at": None,
            "cancel_at_period_end": False,
            "canceled_at": None,
            "ended_at": None,
            "pause_collection": None,
            "items": {"object": "list", "data": [item if self.is_old else {**item, **ends}]},
            "metadata": self.metadata,
            **(ends if self.is_old else {}),
            **changes,
        }
        return event(f"customer.subscription.{what}", told, at=at or self.begins)

    def deleted(self, at: datetime) -> Tree:
        return self.told("deleted", "canceled", at=at, ended_at=seconds(at))

    def invoice(self, number: int = 0, **changes: Any) -> Tree:
        """Return the invoice of the period of a number."""
        start, end = (seconds(moment) for moment in self.period(number))
        line: Tree = {
            "id": f"il_{number}",
            "object": "line_item",
            "amount": 500,
            "period": {"start": start, "end": end},
        }
        details = {"subscription": self.id, "metadata": self.metadata}
        if self.is_old:
            line |= {"price": {"id": self.price}, "subscription": self.id}
            where: Tree = {"subscription": self.id, "subscription_details": details}
        else:
            line["pricing"] = {"price_details": {"price": self.price, "product": "prod_1"}}
            where = {"parent": {"type": "subscription_details", "subscription_details": details}}
        return {
            "id": f"in_{self.id}_{number}",
            "object": "invoice",
            "customer": self.customer,
            "amount_paid": 500,
            "currency": "eur",
            "lines": {"object": "list", "data": [line]},
            **where,
            **changes,
        }

    def paid(self, number: int = 0, *, at: datetime | None = None, **changes: Any) -> Tree:
        at = at or self.period(number)[0]
        return event("invoice.paid", self.invoice(number, status="paid", **changes), at=at)

    def paid_change(self, price: str, *, at: datetime) -> Tree:
        """Return that the invoice of another plan is paid, which gives the rest of this one back."""
        end = self.period(0)[1]
        lines = [line_of(self.price, at, end, amount=-300), line_of(price, at, end, amount=900)]
        return self.paid(id=f"in_{self.id}_of_the_change", lines={"data": lines}, at=at)

    def failed(self, number: int = 0, **changes: Any) -> Tree:
        told = self.invoice(number, status="open", **changes)
        return event("invoice.payment_failed", told, at=self.period(number)[0])

    def awaited(self, number: int = 0, **changes: Any) -> Tree:
        """Return that who pays has to do a step yet, such as 3-D Secure."""
        told = self.invoice(number, status="open", **changes)
        return event("invoice.payment_action_required", told, at=self.period(number)[0])

    def refunded(self, number: int = 0, **changes: Any) -> Tree:
        """Return that the charge of a period was given back, some days after it was paid."""
        told = {
            "id": f"ch_{number}",
            "object": "charge",
            "customer": self.customer,
            "payment_intent": f"pi_{self.id}_{number}",
            "amount": 500,
            "amount_refunded": 500,
            "refunded": True,
            **changes,
        }
        return event("charge.refunded", told, at=self.period(number)[0] + timedelta(days=2))


def read(tree: Tree) -> Event:
    """Return what a site of test keys makes of an event that matters."""
    found = read_event(json.dumps(tree), is_live=False)
    assert found is not None
    return found


def signature(body: str, *, secret: str = SECRET, at: float | None = None) -> str:
    """Return the header that Stripe would send with a body."""
    stamp = int(time.time() if at is None else at)
    return stripe.WebhookSignature.generate_signature_header(body, secret, stamp)


def post(client: Client, tree: object, **headers: str) -> int:
    """Post an event as Stripe does, and return the status."""
    body = tree if isinstance(tree, str) else json.dumps(tree)
    headers = {"Stripe-Signature": signature(body), **headers}
    url = reverse("useraccounts:stripe_webhook")
    answer = client.post(url, body, content_type="application/json", headers=headers)
    return answer.status_code
