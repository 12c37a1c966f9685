"""What people see at the till: the page to pay on, and the one to manage what they pay."""

import time
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views import View

from django_useraccounts.memberships.models import Plan

from .books import Row, bill, books, last_paid, open_subscription, set_period
from .post import subscription_changed, tell


class Checkout(View):
    """Pay for what the guild has put on the bill, or try with a card that fails."""

    def get(self, request: HttpRequest, session_id: str) -> HttpResponse:
        session = _found("sessions", session_id)
        plan = Plan.objects.filter(price_id=session["price"]).first()
        page = {"plan": plan, "session": session}
        return render(request, "guild/till/checkout.html", page)

    def post(self, request: HttpRequest, session_id: str) -> HttpResponse:
        session = _found("sessions", session_id)
        if request.POST.get("card") == "fails" or session["status"] != "open":
            messages.error(request, "The card was refused, and nothing was charged.")
            return HttpResponseRedirect(request.path)
        with books() as kept:
            kept["sessions"][session_id]["status"] = "complete"
            subscription = open_subscription(kept, session)
            invoice = bill(kept, subscription)
            invoice["status"] = "paid"
            site = kept["customers"][session["customer"]]["site"]
        # Not in the order in which it happened: Stripe does not promise one.
        tell(site, "invoice.paid", invoice)
        session |= {"subscription": subscription["id"], "status": "complete"}
        tell(site, "checkout.session.completed", session)
        tell(site, "customer.subscription.created", subscription)
        return HttpResponseRedirect(session["success_url"])


class Portal(View):
    """Cancel, and play the months to come."""

    def get(self, request: HttpRequest, customer_id: str) -> HttpResponse:
        with books() as kept:
            if customer_id not in kept["customers"]:
                raise Http404
            rows = [
                {**row, "plan": Plan.objects.filter(price_id=_price(row)).first()}
                for row in kept["subscriptions"].values()
                if row["customer"] == customer_id
            ]
        return render(request, "guild/till/portal.html", {"subscriptions": rows[::-1]})

    def post(self, request: HttpRequest, customer_id: str) -> HttpResponse:
        act = ACTS.get(request.POST.get("act", ""))
        subscription = _found("subscriptions", request.POST.get("subscription", ""))
        if act is None or subscription["customer"] != customer_id:
            raise Http404
        messages.info(request, act(subscription["id"]))
        return HttpResponseRedirect(request.path)


def _found(table: str, key: str) -> Row:
    with books() as kept:
        if key not in kept[table]:
            raise Http404
        row: Row = kept[table][key]
    return row


def _price(subscription: Row) -> str:
    [item] = subscription["items"]["data"]
    return str(item["price"]["id"])


def _change(subscription_id: str, **changes: Any) -> tuple[str, Row]:
    with books() as kept:
        subscription: Row = kept["subscriptions"][subscription_id]
        subscription |= changes
        return kept["customers"][subscription["customer"]]["site"], subscription


def cancel(subscription_id: str) -> str:
    subscription_changed(*_change(subscription_id, cancel_at_period_end=True))
    return "Cancelled: it ends when what is paid is over."


def resume(subscription_id: str) -> str:
    subscription_changed(*_change(subscription_id, cancel_at_period_end=False))
    return "It goes on."


def end(subscription_id: str) -> str:
    subscription_changed(*_change(subscription_id, status="canceled", ended_at=int(time.time())))
    return "It has ended, this minute."


def pay(subscription_id: str) -> str:
    """Play the next month: its invoice is paid."""
    site, invoice, subscription = _next_month(subscription_id, "active")
    subscription_changed(site, subscription)
    tell(site, "invoice.paid", invoice)
    return "The next month is paid."


def fail(subscription_id: str) -> str:
    """Play the next month: its invoice is not paid."""
    site, invoice, subscription = _next_month(subscription_id, "past_due")
    tell(site, "invoice.payment_failed", invoice)
    subscription_changed(site, subscription)
    return "The card of the next month was refused. The guild has written a mail."


def refund(subscription_id: str) -> str:
    with books() as kept:
        invoice = last_paid(kept, subscription_id)
        if invoice is None:
            return "There is nothing to give back."
        invoice["status"] = "void"
        site = kept["customers"][invoice["customer"]]["site"]
    charge = {
        "id": f"ch_{invoice['id']}",
        "object": "charge",
        "customer": invoice["customer"],
        "payment_intent": invoice["payment_intent"],
        "refunded": True,
    }
    tell(site, "charge.refunded", charge)
    return "The last payment was given back, and its month is over."


ACTS: dict[str, Callable[[str], str]] = {
    act.__name__: act for act in (cancel, resume, end, pay, fail, refund)
}


def _next_month(subscription_id: str, status: str) -> tuple[str, Row, Row]:
    with books() as kept:
        subscription: Row = kept["subscriptions"][subscription_id]
        [item] = subscription["items"]["data"]
        set_period(subscription, item["current_period_end"])
        subscription["status"] = status
        invoice = bill(kept, subscription)
        invoice["status"] = "paid" if status == "active" else "open"
        return kept["customers"][subscription["customer"]]["site"], invoice, subscription
