"""What the till knows: customers, checkouts, subscriptions and invoices, in one file of JSON."""

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from django.conf import settings

Row = dict[str, Any]

MONTH = 30 * 24 * 60 * 60
_lock = Lock()


@contextmanager
def books() -> Iterator[Row]:
    """Yield all of it, to read and to change; what is changed is kept."""
    file = settings.VAR / "till.json"
    with _lock:
        kept = json.loads(file.read_text()) if file.exists() else {}
        for name in ("customers", "sessions", "subscriptions", "invoices"):
            kept.setdefault(name, {})
        yield kept
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(kept, indent=1))


def new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(8)}"


def open_subscription(kept: Row, session: Row) -> Row:
    """Write down what a checkout has sold."""
    now = int(time.time())
    item = {"id": new_id("si"), "price": {"id": session["price"], "object": "price"}}
    subscription = {
        "id": new_id("sub"),
        "object": "subscription",
        "customer": session["customer"],
        "status": "active",
        "cancel_at": None,
        "cancel_at_period_end": False,
        "ended_at": None,
        "pause_collection": None,
        "metadata": session["metadata"],
        "items": {"object": "list", "data": [item]},
    }
    set_period(subscription, now)
    kept["subscriptions"][subscription["id"]] = subscription
    return subscription


def set_period(subscription: Row, start: int) -> None:
    """Let another month begin."""
    [item] = subscription["items"]["data"]
    item |= {"current_period_start": start, "current_period_end": start + MONTH}


def bill(kept: Row, subscription: Row) -> Row:
    """Write the invoice of the month that has begun."""
    [item] = subscription["items"]["data"]
    details = {"subscription": subscription["id"], "metadata": subscription["metadata"]}
    line = {
        "id": new_id("il"),
        "object": "line_item",
        "amount": 500,
        "period": {"start": item["current_period_start"], "end": item["current_period_end"]},
        "pricing": {"price_details": {"price": item["price"]["id"]}},
    }
    invoice = {
        "id": new_id("in"),
        "object": "invoice",
        "customer": subscription["customer"],
        "status": "open",
        "payment_intent": new_id("pi"),
        "parent": {"type": "subscription_details", "subscription_details": details},
        "lines": {"object": "list", "data": [line]},
    }
    kept["invoices"][invoice["id"]] = invoice
    return invoice


def last_paid(kept: Row, subscription_id: str) -> Row | None:
    """Return the invoice that was paid last for a subscription, unless it was given back."""
    paid = invoices_of(kept, subscription_id, status="paid")
    return paid[-1] if paid else None


def invoices_of(kept: Row, subscription_id: str, *, status: str) -> list[Row]:
    """Return the invoices of a subscription, the oldest first."""
    return [
        invoice
        for invoice in kept["invoices"].values()
        if invoice["parent"]["subscription_details"]["subscription"] == subscription_id
        and invoice["status"] == status
    ]
