"""
What an event of Stripe says, of those that matter to a membership.

Shapes are those of the API from 2022-11-15 on; where a newer version has moved something, both
places are looked at. Nothing is asked of Stripe, and nothing is written.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ..errors import ForeignEvent, MalformedEvent
from ..models import Membership
from .reading import dig, first, id_of, moment_of, rows_of, text_of

#: The names under which checkout writes who buys what into the metadata of a subscription.
USER_KEY, PLAN_KEY = "useraccounts_user", "useraccounts_plan"

_State = Membership.State
#: The states of a subscription at Stripe. The later one counts, of two that were told of in one
#: second: a payment succeeds after the subscription was made, and nothing comes after the end.
#: Where they are the same, being cancelled counts.
_STATES = {
    "incomplete": _State.WAITING,
    "trialing": _State.RUNNING,
    "active": _State.RUNNING,
    "past_due": _State.LATE,
    "paused": _State.PAUSED,
    "unpaid": _State.LATE,
    "incomplete_expired": _State.ENDED,
    "canceled": _State.ENDED,
}
_RANKS = {status: rank for rank, status in enumerate(_STATES)}


@dataclass(frozen=True)
class SubscriptionNews:
    """What state a subscription is in."""

    subscription_id: str
    price_ids: tuple[str, ...]
    plan_name: str
    state: Membership.State
    ends_at: datetime | None
    ended_at: datetime | None
    #: Greater than those of all events that this one overrules; what has ended stays so.
    version: str


@dataclass(frozen=True)
class Line:
    """What one line of an invoice is for."""

    price_id: str
    starts_at: datetime
    ends_at: datetime
    #: Of one that gives back: the invoice that had asked for it, "" where Stripe does not say.
    invoice_id: str = ""


@dataclass(frozen=True)
class InvoiceNews:
    """What became of an invoice, and for which periods it is."""

    subscription_id: str
    invoice_id: str
    #: The one that reaches farthest comes first: the others are for a time before.
    lines: tuple[Line, ...]
    #: What it gives back, such as the rest of the plan of before.
    given_back: tuple[Line, ...]
    plan_name: str
    is_paid: bool
    #: Whether Stripe knows more lines than it has sent along: it sends ten.
    has_more: bool
    #: Whether it was tried in vain to collect it: not yet while its payer has to do a step.
    has_failed: bool

    @property
    def price_ids(self) -> tuple[str, ...]:
        """The prices that it names, in the order of the lines."""
        return tuple(line.price_id for line in self.lines if line.price_id)


@dataclass(frozen=True)
class CheckoutNews:
    """Somebody has gone through a checkout of ours."""

    subscription_id: str
    plan_name: str


@dataclass(frozen=True)
class RefundNews:
    """A charge was given back in full; only Stripe knows for which invoice it was."""

    payment_intent: str


News = SubscriptionNews | InvoiceNews | CheckoutNews | RefundNews


@dataclass(frozen=True)
class Event:
    """One event: about which customer, and what is new."""

    id: str
    kind: str
    created_at: datetime
    customer_id: str
    #: The key of the user whom checkout has written into it, "" for one that says nobody.
    user_key: str
    news: News


def read_event(body: str, *, is_live: bool) -> Event | None:
    """
    Return what a signed body says, None for what does not matter to memberships.

    ``is_live`` tells whether the site's key is one for real money. Raises MalformedEvent, and
    ForeignEvent for one of another account, or of the other mode.
    """
    try:
        tree = json.loads(body)
    except (ValueError, RecursionError):
        raise MalformedEvent from None
    if dig(tree, "object") != "event":
        raise MalformedEvent
    event_id, kind = id_of(dig(tree, "id")), id_of(dig(tree, "type"))
    created_at, told = moment_of(dig(tree, "created")), dig(tree, "data", "object")
    if created_at is None or not isinstance(told, dict):
        raise MalformedEvent
    # Stripe Connect names the account that an event is of, if it is not the own.
    if dig(tree, "account") is not None or dig(tree, "livemode") is not is_live:
        raise ForeignEvent
    read = _READERS.get(kind)
    news = read(told, kind, created_at, event_id) if read else None
    if news is None:
        return None
    customer_id = id_of(told.get("customer"))
    return Event(event_id, kind, created_at, customer_id, _user_key(told), news)


def read_invoice(told: object, *, is_paid: bool, has_failed: bool = False) -> InvoiceNews | None:
    """Return what an invoice says, None for one that is for no period of a subscription."""
    subscription_id = text_of(
        first(told, ("parent", "subscription_details", "subscription"), ("subscription",))
    )
    (lines, given_back), has_more = read_lines(dig(told, "lines")), dig(told, "lines", "has_more")
    if not subscription_id or not (lines or has_more is True):
        return None
    return InvoiceNews(
        subscription_id,
        id_of(dig(told, "id")),
        lines,
        given_back,
        _metadata(told, PLAN_KEY),
        is_paid,
        has_more is True,
        has_failed,
    )


def read_lines(told: object) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """
    Return the lines of an invoice that are for a period: those that ask for it, and its credits.

    The one that reaches farthest comes first.
    """
    asked: list[Line] = []
    credited: list[Line] = []
    for row in rows_of(told):
        is_credit, line = _is_credit(row), Line(_price_of(row), *_period(row), _credited(row))
        # A quantity of 0 is how a subscription is put to sleep.
        if row.get("quantity") != 0 and line.starts_at < line.ends_at:
            (credited if is_credit else asked).append(line)
    # What one change had asked for, and the next one has taken back before it was billed.
    asked = [line for line in asked if not any(_takes_back(credit, line) for credit in credited)]
    return _farthest_first(asked), _farthest_first(credited)


def customer_of(told: object) -> str:
    """Return whose an object is."""
    return id_of(dig(told, "customer"))


# The kinds of events


def _read_subscription(
    told: dict[str, object], kind: str, created_at: datetime, event_id: str
) -> SubscriptionNews:
    status = text_of(told.get("status"))
    if status not in _STATES:
        raise MalformedEvent
    state, items = _STATES[status], list(rows_of(told.get("items")))
    if state == _State.RUNNING and told.get("pause_collection") is not None:
        state = _State.PAUSED
    ended_at = None
    if state == _State.ENDED:
        ended_at = moment_of(first(told, ("ended_at",), ("canceled_at",))) or created_at
    is_over, is_made = state == _State.ENDED, kind == "customer.subscription.created"
    seconds, rank, ends_at = int(created_at.timestamp()), _RANKS[status], _end_of(told, items)
    return SubscriptionNews(
        id_of(told.get("id")),
        tuple(filter(None, (text_of(dig(item, "price")) for item in items))),
        _metadata(told, PLAN_KEY),
        state,
        ends_at,
        ended_at,
        f"{is_over:d}-{seconds:011d}-{not is_made:d}-{rank}-{ends_at is not None:d}-{event_id}",
    )


def _end_of(told: dict[str, object], items: list[dict[str, object]]) -> datetime | None:
    """Return when a subscription ends because somebody has cancelled it."""
    if told.get("cancel_at") is not None:
        return moment_of(told["cancel_at"])
    if told.get("cancel_at_period_end") is not True:
        return None
    ends = [moment_of(tree.get("current_period_end")) for tree in (told, *items)]
    return max((end for end in ends if end), default=None)


def _read_invoice(
    told: dict[str, object], kind: str, created_at: datetime, event_id: str
) -> InvoiceNews | None:
    is_paid, has_failed = kind == "invoice.paid", kind == "invoice.payment_failed"
    return read_invoice(told, is_paid=is_paid, has_failed=has_failed)


def _read_checkout(
    told: dict[str, object], kind: str, created_at: datetime, event_id: str
) -> CheckoutNews | None:
    subscription_id, plan_name = text_of(told.get("subscription")), _metadata(told, PLAN_KEY)
    # One without our words was made by somebody else, on the same account at Stripe.
    if not subscription_id or not plan_name:
        return None
    return CheckoutNews(subscription_id, plan_name)


def _read_refund(
    told: dict[str, object], kind: str, created_at: datetime, event_id: str
) -> RefundNews | None:
    intent = text_of(told.get("payment_intent"))
    # Who gets a part back keeps the period; one without customer was for something else.
    is_whole = told.get("refunded") is True
    return RefundNews(intent) if is_whole and intent and told.get("customer") else None


_READERS: dict[str, Callable[[dict[str, object], str, datetime, str], News | None]] = {
    "checkout.session.completed": _read_checkout,
    "customer.subscription.created": _read_subscription,
    "customer.subscription.updated": _read_subscription,
    "customer.subscription.deleted": _read_subscription,
    "customer.subscription.paused": _read_subscription,
    "customer.subscription.resumed": _read_subscription,
    "invoice.paid": _read_invoice,
    "invoice.payment_failed": _read_invoice,
    "invoice.payment_action_required": _read_invoice,
    "charge.refunded": _read_refund,
}
#: What the endpoint at Stripe has to be told to send.
KINDS = tuple(_READERS)


# Where things are


def _metadata(told: object, name: str) -> str:
    paths = (
        ("metadata", name),
        ("parent", "subscription_details", "metadata", name),
        ("subscription_details", "metadata", name),
    )
    return text_of(first(told, *paths))


def _user_key(told: object) -> str:
    return text_of(dig(told, "client_reference_id")) or _metadata(told, USER_KEY)


def _price_of(line: object) -> str:
    return text_of(first(line, ("pricing", "price_details", "price"), ("price",)))


def _period(line: object) -> tuple[datetime, datetime]:
    starts_at = moment_of(dig(line, "period", "start"))
    ends_at = moment_of(dig(line, "period", "end"))
    if starts_at is None or ends_at is None:
        raise MalformedEvent
    return starts_at, ends_at


def _is_credit(line: dict[str, object]) -> bool:
    """Say whether a line gives back: one of 0 asks for a trial, or credits what cost nothing."""
    amount = line.get("amount")
    if type(amount) is not int:
        raise MalformedEvent
    return amount < 0 or (amount == 0 and _credited_items(line) is not None)


def _credited(line: dict[str, object]) -> str:
    return text_of(dig(_credited_items(line), "invoice"))


def _credited_items(line: dict[str, object]) -> object:
    details = ("proration_details", "credited_items")
    paths = (
        ("parent", "subscription_item_details", *details),
        ("parent", "invoice_item_details", *details),
        details,
    )
    return first(line, *paths)


def _takes_back(credit: Line, line: Line) -> bool:
    """Say whether a credit is the rest of a line; one from its beginning on is that of another."""
    is_of_it = (credit.price_id, credit.ends_at) == (line.price_id, line.ends_at)
    return is_of_it and line.starts_at < credit.starts_at


def _farthest_first(lines: list[Line]) -> tuple[Line, ...]:
    return tuple(sorted(lines, key=lambda line: line.ends_at, reverse=True))
