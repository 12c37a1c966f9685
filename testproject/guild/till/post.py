"""Tell the site what has happened at the till, as Stripe does: by webhooks that are signed."""

import json
import time
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import stripe
from django.conf import settings
from django.urls import reverse

from .books import Row, books, new_id


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def tell(site: str, kind: str, about: Row) -> int:
    """Post one event to the webhook of the site; return the status of its answer."""
    event: dict[str, Any] = {
        "id": new_id("evt"),
        "object": "event",
        "api_version": stripe.api_version,
        "created": _second(),
        "livemode": False,
        "type": kind,
        "data": {"object": about},
    }
    body = json.dumps(event)
    secret = settings.USERACCOUNTS["MEMBERSHIPS"]["STRIPE_WEBHOOK_SECRET"]
    headers = {
        "Content-Type": "application/json",
        "Stripe-Signature": stripe.WebhookSignature.generate_signature_header(body, secret),
    }
    url = site + reverse("useraccounts:stripe_webhook")
    try:
        with urlopen(Request(url, body.encode(), headers), timeout=30) as answer:
            return int(answer.status)
    except HTTPError as refusal:
        return refusal.code


def _second() -> int:
    """Return a second later than that of any event before: who plays clicks faster than people."""
    with books() as kept:
        kept["clock"] = max(int(time.time()), kept.get("clock", 0) + 1)
        return int(kept["clock"])


def subscription_changed(site: str, subscription: Row) -> int:
    """Tell that a subscription is another one now, or that it is over."""
    is_over = subscription["status"] == "canceled"
    if is_over:
        subscription["ended_at"] = int(time.time())
    what = "deleted" if is_over else "updated"
    return tell(site, f"customer.subscription.{what}", subscription)
