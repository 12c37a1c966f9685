"""Lead people to Stripe: to pay, and to manage what they pay for."""

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from ...limits import spend
from ...models import AbstractUser, AccountEvent
from ...site import site_origin
from ..conf import conf
from ..errors import (
    AlreadyMember,
    EndsAtStripe,
    NoCustomer,
    NotForSale,
    StripeUnreachable,
    UnknownCustomer,
    UnknownSubscription,
)
from ..models import GOES_ON, Membership, Payment, Plan, StripeCustomer
from ..stripe import client
from ..stripe.events import PLAN_KEY, USER_KEY
from .payments import end_membership

logger = logging.getLogger("django_useraccounts.memberships")


def start_checkout(user: AbstractUser, plan: Plan, *, request: HttpRequest | None = None) -> str:
    """
    Return the address of a page of Stripe where ``user`` pays for a plan.

    Nothing is granted before Stripe tells of the payment. An open checkout for the same role
    expires. Raises NotForSale, AlreadyMember for a plan whose role is being paid for through
    Stripe, TooManyAttempts and StripeUnreachable.
    """
    if not (conf.STRIPE_SECRET_KEY and plan.price_id and plan.is_offered):
        raise NotForSale
    spend("checkout", identifier=str(user.pk), request=request)
    _refuse_double(user, plan)
    # Said to Stripe by us alone, and read again in its signed events.
    metadata = {USER_KEY: str(user.pk), PLAN_KEY: plan.name}
    origin = site_origin(request)
    checkout_url = partial(
        client.checkout_url,
        mode="subscription",
        client_reference_id=str(user.pk),
        line_items=[{"price": plan.price_id, "quantity": 1}],
        metadata=metadata,
        subscription_data={"metadata": metadata},
        success_url=f"{origin}{reverse('useraccounts:checkout_done')}?plan={plan.name}",
        cancel_url=origin + reverse("useraccounts:pricing"),
    )
    # Stripe is asked outside of a transaction: nothing waits for it but who wants to pay.
    known = _customers(user)
    for customer in known:
        with suppress(UnknownCustomer):
            _refuse_unheard(customer, plan)
    url = _asked_as_one_of(known, checkout_url)
    if url is None:
        url = checkout_url(customer=_new_customer(user, number=len(known), origin=origin))
    AccountEvent.objects.record(
        "checkout_started", user=user, actor=user, details={"plan": plan.name}, request=request
    )
    return url


def customer_portal(user: AbstractUser, *, request: HttpRequest | None = None) -> str:
    """
    Return the address of the page of Stripe where ``user`` changes the card, and cancels.

    Raises NoCustomer, also for one whom Stripe knows no more, TooManyAttempts and
    StripeUnreachable.
    """
    known = _customers(user)
    if not (known and conf.STRIPE_SECRET_KEY):
        raise NoCustomer
    spend("checkout", identifier=str(user.pk), request=request)
    return_url = site_origin(request) + reverse("useraccounts:membership")
    url = _asked_as_one_of(known, partial(client.portal_url, return_url=return_url))
    if url is None:
        raise NoCustomer
    return url


def stop_renewals() -> tuple[int, int]:
    """
    Have Stripe charge no more for accounts that are closed, switched off or erased: for cron.

    What they have paid lasts until its end, in case they come back; what is not paid, and all of an
    erased account, ends at once, and invoices that are late are void. Return how many
    subscriptions, and how many Stripe did not take up, which are tried again the next time. Rows
    change when Stripe tells of it.
    """
    rows = Membership.objects.charged().select_related("user")
    # Who is switched off comes to no portal to cancel there.
    is_gone = Q(user__erase_at__isnull=False) | Q(user__is_active=False)
    stopped, failed = _each(rows.filter(is_gone & GOES_ON | Q(user=None)), _stop)
    late = _late_payments().filter(membership=OuterRef("pk"))
    _voided, more = _each(rows.filter(is_gone, Exists(late)), _void_late)
    return stopped, len(failed | more)


def _each(rows: QuerySet[Membership], act: Callable[[Membership], None]) -> tuple[int, set[int]]:
    """Do an act with each membership; return how many, and the keys of those Stripe refused."""
    done, failed = 0, set[int]()
    for membership in rows.iterator(chunk_size=100):
        # Who has come back meanwhile goes on.
        if not rows.filter(pk=membership.pk).exists():
            continue
        try:
            act(membership)
            done += 1
        except StripeUnreachable:
            logger.error("Stripe goes on to charge for membership %s.", membership.pk)
            failed.add(membership.pk)
    return done, failed


def _late_payments() -> QuerySet[Payment]:
    """Return what Stripe may yet collect; what else is on its bills is not ours to give up."""
    return Payment.objects.filter(state=Payment.State.FAILED, paid_plan__isnull=False)


def _void_late(membership: Membership) -> None:
    late = _late_payments().filter(membership=membership).values_list("reference", flat=True)
    for invoice_id in client.open_invoices(membership.subscription_id or "") & set(late):
        client.void(invoice_id)


def _refuse_double(user: AbstractUser, plan: Plan) -> None:
    """Raise AlreadyMember for who pays for the role of a plan through Stripe."""
    for membership in Membership.objects.of(user).filter(plan__role=plan.role_id).charged():
        try:
            # Unless it is over there, and its end was not heard of.
            end_membership(membership)
        except EndsAtStripe:
            raise AlreadyMember from None
        except UnknownSubscription:
            # Of the test mode, say. Nor does a wrong key sell it twice: it knows no price, either.
            continue


def _refuse_unheard(customer: str, plan: Plan) -> None:
    """
    Raise AlreadyMember for a customer who pays for the role of a plan, though nobody has told here.

    Of several tabs, or of checkouts of several days, the last one alone can be paid. Raises
    StripeUnreachable while another one may be paid yet, and UnknownCustomer.
    """
    plans = dict(Plan.objects.filter(role=plan.role_id).values_list("name", "price_id"))
    is_ended = client.end_checkouts(customer, plans=plans.keys())
    # Asked after that, never before: what is paid in between is among them.
    if not client.prices_charged(customer).isdisjoint(plans.values()):
        raise AlreadyMember
    if not is_ended:
        raise StripeUnreachable


def _customers(user: AbstractUser) -> list[str]:
    """Return the ids that a user has at Stripe, the newest first."""
    rows = StripeCustomer.objects.filter(user=user).order_by("-pk")
    return list(rows.values_list("customer_id", flat=True))


def _asked_as_one_of(customers: list[str], ask: Callable[..., str]) -> str | None:
    """Return what Stripe answers to the first of the customers whom it knows, None for none."""
    for customer in customers:
        with suppress(UnknownCustomer):
            return ask(customer=customer)
    return None


def _new_customer(user: AbstractUser, *, number: int, origin: str) -> str:
    """
    Make the user a customer of Stripe, kept before anything is sold to it; return its id.

    ``number`` is how many it knows no more: of two clicks at once both have made the same one.
    """
    metadata = {USER_KEY: str(user.pk)}
    made = client.new_customer(email=user.email, metadata=metadata, number=number, origin=origin)
    StripeCustomer.objects.get_or_create(user=user, customer_id=made)
    return made


def _stop(membership: Membership) -> None:
    subscription_id = membership.subscription_id or ""
    try:
        if membership.user is None:
            client.cancel(subscription_id)
            # Now, not when Stripe tells of it: the next run would ask again.
            Membership.objects.filter(pk=membership.pk).update(state=Membership.State.ENDED)
        elif membership.is_behind:
            # Till the end of a period that is not paid, Stripe would go on to collect it.
            client.cancel(subscription_id)
        else:
            client.stop_renewal(subscription_id)
    except StripeUnreachable:
        try:
            # It may be over there, and its end was not heard of.
            end_membership(membership)
        except EndsAtStripe:
            raise StripeUnreachable from None
