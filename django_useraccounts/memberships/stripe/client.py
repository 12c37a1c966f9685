"""Ask Stripe, through its own library, which is imported only then."""

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ..conf import conf
from ..errors import StripeUnreachable, UnknownCustomer, UnknownSubscription, UnsignedEvent
from .events import PLAN_KEY

if TYPE_CHECKING:
    import requests
    import stripe

logger = logging.getLogger("django_useraccounts.memberships")

#: Seconds that a visitor waits for Stripe at most.
TIMEOUT = 10
#: The states of a subscription that is charged for, or will be again.
_ALIVE = {"active", "trialing", "past_due", "unpaid", "paused"}


def is_live() -> bool:
    """Say whether the key of the site is one for real money."""
    return "_live_" in conf.STRIPE_SECRET_KEY


def verify(body: str, signature: str) -> None:
    """Raise UnsignedEvent unless Stripe has signed the body within the last five minutes."""
    import stripe  # noqa: PLC0415

    # The library compares what comes with a hash, which Python does with ASCII texts only.
    if not signature.isascii():
        raise UnsignedEvent
    try:
        stripe.WebhookSignature.verify_header(
            body, signature, conf.STRIPE_WEBHOOK_SECRET, stripe.Webhook.DEFAULT_TOLERANCE
        )
    except stripe.SignatureVerificationError:
        raise UnsignedEvent from None


def new_customer(*, email: str, metadata: dict[str, str], number: int, origin: str) -> str:
    """
    Make a customer at Stripe, and return its id; of two calls at once both get the same one.

    ``number`` is how many there were before, ``origin`` that of the site: another one on the same
    account at Stripe may have the same user. For a day Stripe answers by the same key with the same
    customer, also with one that was deleted meanwhile.
    """
    wanted = {"email": email, "metadata": metadata} if email else {"metadata": metadata}
    key = sha256(repr((origin, number, sorted(wanted.items()))).encode()).hexdigest()
    with _asking() as client:
        made = client.v1.customers.create(wanted, {"idempotency_key": f"useraccounts-{key}"})  # type: ignore[arg-type]
        return made.id


def checkout_url(**wanted: Any) -> str:
    """Begin a checkout, and return where the visitor pays. Raises UnknownCustomer."""
    with _asking() as client:
        url = client.v1.checkout.sessions.create(wanted).url  # type: ignore[arg-type]
        if not url:
            raise StripeUnreachable
        return url


def end_checkouts(customer: str, *, plans: Collection[str]) -> bool:
    """
    Have the open checkouts of a customer expire that are for plans of these names.

    Return whether none of them can be paid any more, or was paid meanwhile. Raises UnknownCustomer.
    """
    wanted: Any = {"customer": customer, "status": "open", "limit": 100}
    with _asking() as client:
        found = [row.to_dict() for row in client.v1.checkout.sessions.list(wanted).data]
        ours = [row["id"] for row in found if (row["metadata"] or {}).get(PLAN_KEY) in plans]
        # Each, also behind one that does not expire: any of them could be paid later.
        are_over = [_expires(client, session_id) for session_id in ours]
        return all(are_over)


def prices_charged(customer: str) -> set[str]:
    """Return the prices of the subscriptions that a customer has. Raises UnknownCustomer."""
    with _asking() as client:
        found = client.v1.subscriptions.list({"customer": customer, "limit": 100})
        alive = [row.to_dict() for row in found.data if row.status in _ALIVE]
        return {item["price"]["id"] for row in alive for item in row["items"]["data"]}


def portal_url(*, customer: str, return_url: str) -> str:
    """
    Return where a customer changes the card, reads bills and cancels; it lasts some minutes.

    Raises UnknownCustomer.
    """
    with _asking() as client:
        wanted: Any = {"customer": customer, "return_url": return_url}
        return client.v1.billing_portal.sessions.create(wanted).url


def invoice_of(payment_intent: str) -> dict[str, object] | None:
    """Return the invoice that was paid by it, None for a payment that was for none."""
    payment: Any = {"type": "payment_intent", "payment_intent": payment_intent}
    with _asking() as client:
        found = client.v1.invoice_payments.list(
            {"payment": payment, "expand": ["data.invoice"], "limit": 1}
        )
        invoices: list[Any] = [row.invoice for row in found.data]
        return invoices[0].to_dict() if invoices else None


def lines_of(invoice_id: str) -> dict[str, object]:
    """Return the list of all lines of an invoice."""
    with _asking() as client:
        found = client.v1.invoices.line_items.list(invoice_id, {"limit": 100})
        return {"data": [line.to_dict() for line in found.auto_paging_iter()]}


def stop_renewal(subscription_id: str) -> None:
    """
    Have a subscription end with the period that is paid.

    A change that waits for this end, as the portal puts off what is cheaper, is given up.
    """
    import stripe  # noqa: PLC0415

    to_end: Any = {"cancel_at_period_end": True}
    with _asking() as client:
        try:
            client.v1.subscriptions.update(subscription_id, to_end)
        except stripe.InvalidRequestError:
            # Nothing ends what a schedule leads on.
            schedule: Any = client.v1.subscriptions.retrieve(subscription_id).schedule
            if schedule is None:
                raise
            client.v1.subscription_schedules.release(schedule)
            client.v1.subscriptions.update(subscription_id, to_end)


def open_invoices(subscription_id: str) -> set[str]:
    """Return the ids of the invoices of a subscription that are to be paid yet."""
    wanted: Any = {"subscription": subscription_id, "status": "open", "limit": 100}
    with _asking() as client:
        return {invoice.id for invoice in client.v1.invoices.list(wanted).data}


def void(invoice_id: str) -> None:
    """Have nobody pay an invoice any more."""
    with _asking() as client:
        client.v1.invoices.void_invoice(invoice_id)


def cancel(subscription_id: str) -> None:
    """End a subscription at once."""
    with _asking() as client:
        client.v1.subscriptions.cancel(subscription_id)


def is_over(subscription_id: str) -> bool:
    """Say whether a subscription has ended. Raises UnknownSubscription."""
    import stripe  # noqa: PLC0415

    with _asking() as client:
        try:
            found = client.v1.subscriptions.retrieve(subscription_id)
        except stripe.InvalidRequestError as error:
            if error.code != "resource_missing":
                raise
            # Nothing that has ended: Stripe shows that for ever.
            raise UnknownSubscription from None
        return found.status in {"canceled", "incomplete_expired"}


def _expires(client: "stripe.StripeClient", session_id: str) -> bool:
    import stripe  # noqa: PLC0415

    try:
        client.v1.checkout.sessions.expire(session_id)
    except stripe.InvalidRequestError:
        # It is open no more: another click has ended it, or it is being paid at this moment.
        return client.v1.checkout.sessions.retrieve(session_id).status == "expired"
    return True


@contextmanager
def _asking() -> "Iterator[stripe.StripeClient]":
    import stripe  # noqa: PLC0415

    try:
        with _session() as session:
            yield stripe.StripeClient(
                conf.STRIPE_SECRET_KEY,
                # The library's own way to lead it elsewhere, such as to a proxy.
                base_addresses={"api": stripe.api_base},
                http_client=stripe.RequestsClient(timeout=TIMEOUT, session=session),
            )
    except stripe.StripeError as error:
        # Not its words, which may tell of a key; Stripe finds them by the number of the request.
        what = type(error).__name__, error.http_status, error.request_id
        logger.warning("Stripe has refused: %s, status %s, request %s.", *what)
        # By the parameter, too: of a price that is missing Stripe says the same.
        of = getattr(error, "param", None)
        is_unknown = error.code == "resource_missing" and of == "customer"
        raise (UnknownCustomer if is_unknown else StripeUnreachable) from None


@contextmanager
def _session() -> "Iterator[requests.Session]":
    """Yield a session for calls that end in time, all together, however slowly an answer comes."""
    import requests  # noqa: PLC0415

    from ...outside.calls import Deadline, WatchedAdapter  # noqa: PLC0415

    with requests.Session() as session, Deadline(TIMEOUT):
        for scheme in ("https://", "http://"):
            session.mount(scheme, WatchedAdapter())
        yield session
