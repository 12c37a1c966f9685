"""Act on what Stripe tells: once for each event, in whatever order events come."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from ...models import AccountEvent
from ...signals import send_on_commit
from ...transactions import repeat_undone
from ..errors import ForeignEvent, ReplayedEvent, UnknownPlan
from ..models import GOES_ON, Membership, Payment, Plan, ProviderEvent, StripeCustomer
from ..signals import payment_failed
from ..stripe.client import invoice_of, lines_of
from ..stripe.events import (
    CheckoutNews,
    Event,
    InvoiceNews,
    RefundNews,
    SubscriptionNews,
    customer_of,
    read_invoice,
    read_lines,
)
from .payments import locked, note_end, note_payment, note_refund
from .periods import settle, tell, unpaid_payments

logger = logging.getLogger("django_useraccounts.memberships")

#: The states in which Stripe charges nobody: not yet, and no more.
_NOT_CHARGED = {Membership.State.WAITING, Membership.State.ENDED}


@dataclass(frozen=True)
class _Refund:
    """The invoice whose payment was given back, as Stripe shows it."""

    invoice: InvoiceNews


_Change = SubscriptionNews | InvoiceNews | CheckoutNews | _Refund


def apply_event(event: Event, *, delivery: str = "", request: HttpRequest | None = None) -> bool:
    """
    Change memberships and grants as an event says; return whether it was new and about one.

    All events of a customer wait for one another. What comes twice counts once; of what is told of
    a subscription the newest holds, whenever it arrives; an invoice goes from failed to paid to
    refunded, never back. Stripe is asked about refunds, and about long invoices. ``delivery`` tells
    one delivery of an event from the next, such as a digest of its signature.

    Raises ReplayedEvent for a delivery that came before, ForeignEvent for one that names another
    user than its customer's, or a user and a plan where nobody here is its customer, UnknownPlan
    for a checkout of ours whose plan is gone, and StripeUnreachable.
    """
    if not StripeCustomer.objects.filter(customer_id=event.customer_id).exists():
        _note_unknown_customer(event)
        return False
    # Before Stripe is asked: a delivery can be played again as often as somebody likes.
    if _is_known(event, delivery):
        return False
    change = _change(event)
    if change is None:
        return False

    def act() -> bool:
        with transaction.atomic():
            return _apply(event, change, delivery=delivery, request=request)

    return repeat_undone(act, restore=lambda: None)


def _note_unknown_customer(event: Event) -> None:
    """
    Log that somebody pays for a plan without an account; raise ForeignEvent where a user is named.

    What somebody else, or another such site, sells on the same account at Stripe has other prices.
    """
    news = event.news
    # Who goes through a checkout tells no price.
    if not isinstance(news, SubscriptionNews | InvoiceNews):
        return
    plan = _plan(news.price_ids)
    if plan is None:
        return
    if event.user_key:
        raise ForeignEvent
    # Each invoice comes with its subscription: it is told of once.
    if isinstance(news, SubscriptionNews) and news.state not in _NOT_CHARGED:
        logger.error(
            "Customer %s pays at Stripe, by %s, for the plan “%s” and has no account here, as "
            "after a payment link: end it there.",
            event.customer_id,
            news.subscription_id,
            plan.name,
        )


def _is_known(event: Event, delivery: str) -> bool:
    """Say whether an event was heard; raise ReplayedEvent where this delivery of it was."""
    known = ProviderEvent.objects.filter(event_id=event.id).first()
    if known is not None and delivery and known.delivery == delivery:
        raise ReplayedEvent
    return known is not None


def _change(event: Event) -> _Change | None:
    """Return what is to be changed; the newer versions of the API tell no invoice of a charge."""
    if isinstance(event.news, InvoiceNews):
        return _whole(event.news)
    if not isinstance(event.news, RefundNews):
        return event.news
    told = invoice_of(event.news.payment_intent)
    if told is not None and customer_of(told) != event.customer_id:
        raise ForeignEvent
    invoice = read_invoice(told, is_paid=True)
    whole = _whole(invoice) if invoice else None
    return _Refund(whole) if whole else None


def _whole(invoice: InvoiceNews) -> InvoiceNews | None:
    """Return an invoice with all of its lines: the one of the period may be the eleventh."""
    if not invoice.has_more:
        return invoice
    lines, given_back = read_lines(lines_of(invoice.invoice_id))
    return replace(invoice, lines=lines, given_back=given_back, has_more=False) if lines else None


def _apply(event: Event, change: _Change, *, delivery: str, request: HttpRequest | None) -> bool:
    # Locked: two deliveries of one event, and two events of one customer, act one after the other.
    customers = StripeCustomer.objects.select_for_update()
    customer = customers.get(customer_id=event.customer_id)
    if _is_known(event, delivery):
        return False
    if customer.user_id is None:
        logger.warning("Event %s is about the customer of an account that was erased.", event.id)
        if isinstance(change, SubscriptionNews):
            # So that the command knows what Stripe goes on to charge for, and ends it.
            _apply_subscription(customer, change, request=request)
        return False
    if event.user_key not in {"", str(customer.user_id)}:
        raise ForeignEvent
    ProviderEvent.objects.create(
        event_id=event.id,
        kind=event.kind,
        customer_id=event.customer_id,
        created_at=event.created_at,
        delivery=delivery,
    )
    if isinstance(change, SubscriptionNews):
        return _apply_subscription(customer, change, request=request)
    if isinstance(change, InvoiceNews):
        return _apply_invoice(customer, change, request=request)
    if isinstance(change, CheckoutNews):
        return _membership(customer, change.subscription_id, (), change.plan_name) is not None
    return _apply_refund(customer, change.invoice, request=request)


def _apply_subscription(
    customer: StripeCustomer, news: SubscriptionNews, *, request: HttpRequest | None
) -> bool:
    membership = _membership(customer, news.subscription_id, news.price_ids, news.plan_name)
    if membership is None:
        return False
    if news.version <= membership.version:
        return True
    ended, before = Membership.State.ENDED, _role_charged(membership)
    ends_now = news.state == ended and membership.state != ended
    membership.plan = _plan(news.price_ids) or membership.plan
    membership.state, membership.version = news.state, news.version
    membership.ends_at, membership.ended_at = news.ends_at, news.ended_at
    settle(membership, request=request)
    if ends_now:
        note_end(membership, request=request)
    if _role_charged(membership) not in {None, before}:
        _tell_double(membership)
    return True


def _role_charged(membership: Membership) -> int | None:
    """Return the key of the role that Stripe charges for, None where it does not."""
    return membership.plan.role_id if membership.state not in _NOT_CHARGED else None


def _tell_double(membership: Membership) -> None:
    """Log that a user pays twice, such as by the dashboard: nobody else would notice."""
    others = Membership.objects.charged().filter(GOES_ON, user=membership.user_id)
    # One that waits is told of by the word that it runs.
    others = others.exclude(Q(pk=membership.pk) | Q(state=Membership.State.WAITING))
    others = others.filter(plan__role=membership.plan.role_id)
    for other in others if membership.user_id is not None else ():
        logger.error(
            "User %s pays twice for one role at Stripe, by %s and by %s: end one of them there.",
            membership.user_id,
            other.subscription_id,
            membership.subscription_id,
        )


def _apply_invoice(
    customer: StripeCustomer, news: InvoiceNews, *, request: HttpRequest | None
) -> bool:
    membership = _membership(customer, news.subscription_id, news.price_ids, news.plan_name)
    if membership is None:
        return False
    payment, is_new = _payment(membership, news)
    unpaid = Payment.objects.filter(pk=payment.pk, state=Payment.State.FAILED)
    is_paid_now = news.is_paid and unpaid.update(state=Payment.State.PAID)
    if news.has_failed and unpaid.filter(failed_at=None).update(failed_at=timezone.now()):
        _note_failure(membership, payment, request=request)
    settle(membership, request=request)
    if is_paid_now:
        payment.refresh_from_db()
        note_payment(membership, payment, request=request)
    if is_paid_now or is_new:
        _tell_unpaid(membership, payment)
    return True


def _apply_refund(
    customer: StripeCustomer, news: InvoiceNews, *, request: HttpRequest | None
) -> bool:
    membership = _membership(customer, news.subscription_id, news.price_ids, news.plan_name)
    if membership is None:
        return False
    payment, _is_new = _payment(membership, news)
    rows = Payment.objects.filter(pk=payment.pk).exclude(state=Payment.State.REFUNDED)
    is_refunded_now = rows.update(state=Payment.State.REFUNDED, refunded_at=timezone.now())
    settle(membership, request=request)
    if is_refunded_now:
        payment.refresh_from_db()
        note_refund(membership, payment, request=request)
    return True


def _membership(
    customer: StripeCustomer, subscription_id: str, price_ids: tuple[str, ...], plan_name: str
) -> Membership | None:
    """
    Return the membership of a subscription, made if this is the first that is heard of it.

    None for a subscription that this site does not sell.
    """
    known = Membership.objects.filter(subscription_id=subscription_id).first()
    is_named = bool(plan_name) and (known is None or known.bought_plan_id is None)
    bought = Plan.objects.filter(name=plan_name).first() if is_named else None
    if known is None:
        plan = _plan(price_ids) or bought
        if plan is None and plan_name:
            # Bought here: Stripe tells again for some days, until somebody has mended the plan.
            logger.error("There is no plan “%s” that was paid for at Stripe.", plan_name)
            raise UnknownPlan
        if plan is None:
            return None
        known = Membership.objects.create(
            user_id=customer.user_id, plan=plan, subscription_id=subscription_id
        )
    if known.user_id != customer.user_id:
        raise ForeignEvent
    membership = locked(known)
    # By older versions of the API not every event names it.
    membership.bought_plan = membership.bought_plan or bought
    return membership


def _plan(price_ids: tuple[str, ...]) -> Plan | None:
    """Return the plan of the first price that is one's."""
    rows = Plan.objects.select_related("role").filter(price_id__in=price_ids)
    plans = {plan.price_id: plan for plan in rows} if price_ids else {}
    return next((plans[price_id] for price_id in price_ids if price_id in plans), None)


def _payment(membership: Membership, news: InvoiceNews) -> tuple[Payment, bool]:
    """Return the payment of an invoice, made as not paid yet if it was unknown."""
    plan = _plan(news.price_ids)
    # What else is sold with a plan does not make its period longer.
    lines = [line for line in news.lines if plan and line.price_id == plan.price_id]
    line = (lines or news.lines)[0]
    payment, is_new = Payment.objects.get_or_create(
        reference=news.invoice_id,
        defaults={
            "membership": membership,
            "state": Payment.State.FAILED,
            "paid_plan": plan,
            "starts_at": line.starts_at,
            "ends_at": line.ends_at,
            "credits_from": _credits_from(news),
            "credits_of": _credits_of(news),
        },
    )
    if payment.membership_id != membership.pk:
        raise ForeignEvent
    return payment, is_new


def _credits_from(news: InvoiceNews) -> datetime | None:
    """Return from when on an invoice gives a plan back, None where it does not."""
    prices = [line.price_id for line in news.given_back if line.price_id]
    plans = Plan.objects.filter(price_id__in=prices).values_list("price_id", flat=True)
    known = set(plans) if prices else set()
    return min((line.starts_at for line in news.given_back if line.price_id in known), default=None)


def _credits_of(news: InvoiceNews) -> str:
    """Return the ids of the invoices of which an invoice gives back."""
    return " ".join(sorted({line.invoice_id for line in news.given_back if line.invoice_id}))


def _tell_unpaid(membership: Membership, payment: Payment) -> None:
    """Log what rests on a payment that failed: the credit at Stripe is still to be taken away."""
    if payment.state == Payment.State.PAID and not payment.credits_of:
        return
    for row in unpaid_payments(list(membership.payments.all())).values():
        rests_on_it = payment.reference in row.credits_of.split()
        if row.state == Payment.State.PAID and (row == payment or rests_on_it):
            logger.error(
                "Invoice %s of user %s gives back what nobody has paid: it counts once %s is paid, "
                "whatever was paid besides. If Stripe has made a credit balance of it, that is "
                "worth nothing.",
                row.reference,
                membership.user_id,
                row.credits_of,
            )


def _note_failure(membership: Membership, payment: Payment, *, request: HttpRequest | None) -> None:
    user: Any = membership.user
    details = {"plan": membership.plan.name, "reference": payment.reference}
    AccountEvent.objects.record("payment_failed", user=user, details=details)
    send_on_commit(payment_failed, user=user, payment=payment, request=request)
    # Who is still at the checkout reads there that it has failed.
    if membership.started_at and membership.state != Membership.State.ENDED:
        membership.failed_at = timezone.now()
        tell("payment_failed", membership, request=request)
