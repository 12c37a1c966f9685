"""Lead people to Stripe: to pay, and to manage what they pay for."""

import logging

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse

from ...limits import spend
from ...models import AbstractUser, AccountEvent
from ...site import site_origin
from ..conf import conf
from ..errors import AlreadyMember, NoCustomer, NotForSale, StripeUnreachable
from ..models import GOES_ON, Membership, Plan, StripeCustomer
from ..stripe import client
from ..stripe.events import PLAN_KEY, USER_KEY

logger = logging.getLogger("django_useraccounts.memberships")


def start_checkout(user: AbstractUser, plan: Plan, *, request: HttpRequest | None = None) -> str:
    """
    Return the address of a page of Stripe where ``user`` pays for a plan.

    Nothing is granted before Stripe tells of the payment. Raises NotForSale, AlreadyMember for a
    plan whose role is being paid for through Stripe, TooManyAttempts and StripeUnreachable.
    """
    if not (conf.STRIPE_SECRET_KEY and plan.price_id and plan.is_offered):
        raise NotForSale
    same_role = Membership.objects.of(user).filter(plan__role=plan.role_id)
    if same_role.charged().exists():
        raise AlreadyMember
    spend("checkout", identifier=str(user.pk), request=request)
    # Said to Stripe by us alone, and read again in its signed events.
    metadata = {USER_KEY: str(user.pk), PLAN_KEY: plan.name}
    # Stripe is asked outside of a transaction: nothing waits for it but who wants to pay.
    customer = _customer(user)
    origin = site_origin(request)
    url = client.checkout_url(
        mode="subscription",
        customer=customer.customer_id,
        client_reference_id=str(user.pk),
        line_items=[{"price": plan.price_id, "quantity": 1}],
        metadata=metadata,
        subscription_data={"metadata": metadata},
        success_url=origin + reverse("useraccounts:checkout_done"),
        cancel_url=origin + reverse("useraccounts:pricing"),
    )
    AccountEvent.objects.record(
        "checkout_started", user=user, actor=user, details={"plan": plan.name}, request=request
    )
    return url


def customer_portal(user: AbstractUser, *, request: HttpRequest | None = None) -> str:
    """
    Return the address of the page of Stripe where ``user`` changes the card, and cancels.

    Raises NoCustomer, TooManyAttempts and StripeUnreachable.
    """
    customer = StripeCustomer.objects.filter(user=user).first()
    if customer is None or not conf.STRIPE_SECRET_KEY:
        raise NoCustomer
    spend("checkout", identifier=str(user.pk), request=request)
    return_url = site_origin(request) + reverse("useraccounts:membership")
    return client.portal_url(customer.customer_id, return_url=return_url)


def stop_renewals() -> tuple[int, int]:
    """
    Have Stripe charge no more for accounts that were closed or erased: for cron.

    What a closed account has paid lasts until its end, in case its user comes back; that of an
    erased one ends at once. Return how many subscriptions, and how many Stripe did not take up,
    which are tried again the next time. Rows change when Stripe tells of it.
    """
    stopped = failed = 0
    rows = Membership.objects.charged().select_related("user")
    is_closed = Q(user__erase_at__isnull=False) & GOES_ON
    for membership in rows.filter(is_closed | Q(user=None)).iterator(chunk_size=100):
        try:
            _stop(membership)
            stopped += 1
        except StripeUnreachable:
            logger.error("Stripe goes on to charge for membership %s.", membership.pk)
            failed += 1
    return stopped, failed


def _customer(user: AbstractUser) -> StripeCustomer:
    """Return who the user is at Stripe, kept before anything is sold to this customer."""
    known = StripeCustomer.objects.filter(user=user).first()
    if known is not None:
        return known
    made = client.new_customer(email=user.email, metadata={USER_KEY: str(user.pk)})
    # Of two clicks at once both go on as the first one's: what another pays would be nobody's.
    kept, _is_new = StripeCustomer.objects.get_or_create(user=user, defaults={"customer_id": made})
    return kept


def _stop(membership: Membership) -> None:
    subscription_id = membership.subscription_id or ""
    if membership.user is not None:
        client.stop_renewal(subscription_id)
        return
    client.cancel(subscription_id)
    # Now, not when Stripe tells of it: the next run would ask again.
    Membership.objects.filter(pk=membership.pk).update(state=Membership.State.ENDED)
