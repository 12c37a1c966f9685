"""What people and programs do without Stripe: record a payment, give it back, end a membership."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.dispatch import Signal
from django.http import HttpRequest
from django.utils import timezone

from ...errors import InvalidPeriod, UserVanished
from ...models import AbstractUser, AccountEvent
from ...roles.rights import refuse_to_grant
from ...signals import send_on_commit
from ...transactions import repeat_undone
from ..conf import conf
from ..errors import EndsAtStripe, ReferenceTaken, RefundAtStripe, UnknownSubscription
from ..models import Membership, Payment, Plan
from ..signals import membership_ended, paid, refunded
from ..stripe.client import is_over
from .periods import own_request, settle

#: Longer ones are a slip of the keyboard.
LONGEST = timedelta(days=36525)


def record_payment(
    user: AbstractUser,
    plan: Plan,
    until: datetime,
    *,
    since: datetime | None = None,
    reference: str = "",
    reason: str = "",
    by: AbstractUser | None = None,
    request: HttpRequest | None = None,
) -> Payment:
    """
    Give ``user`` the role of a plan until a moment, for a payment that did not come by Stripe.

    It begins ``since`` then, by default where the last paid period ends, else now. ``reference`` is
    what the payment is known by, such as the number of a bank transfer: recorded twice, it counts
    once. ``reason`` is for people, ``by`` who records it, who has to be allowed to grant the role.

    Raises InvalidPeriod, ReferenceTaken for a reference of somebody else, for another plan, of what
    was given back, or of Stripe, MayNotGrant and UserVanished.
    """
    record = partial(
        _record,
        user,
        plan,
        until,
        since=since,
        reference=reference,
        reason=reason,
        by=by,
        request=request,
    )
    try:
        # For programs, which have no page that is answered once more.
        return repeat_undone(transaction.atomic(record), restore=lambda: None)
    except IntegrityError:
        # The second of two that record the same at one moment.
        known = _known(reference, user=user, plan=plan)
        if known is None:
            raise
        return known


def refund_payment(
    payment: Payment,
    *,
    reason: str = "",
    by: AbstractUser | None = None,
    request: HttpRequest | None = None,
) -> bool:
    """
    End the period of a payment that was given back; return whether there was one to end.

    Other periods stay. Raises RefundAtStripe for what was paid there, and MayNotGrant.
    """
    if payment.membership.subscription_id:
        raise RefundAtStripe
    with transaction.atomic():
        membership = locked(payment.membership)
        rows = Payment.objects.filter(pk=payment.pk, state=Payment.State.PAID)
        now, refunds = timezone.now(), Payment.State.REFUNDED
        if not rows.update(state=refunds, refunded_at=now, reason=reason or payment.reason):
            return False
        settle(membership, by=by, request=request)
        payment.refresh_from_db()
        note_refund(membership, payment, by=by, request=request)
    return True


def end_membership(
    membership: Membership,
    *,
    reason: str = "",
    by: AbstractUser | None = None,
    request: HttpRequest | None = None,
) -> bool:
    """
    End a membership now, all of its periods; return whether there was one to end.

    Raises EndsAtStripe for one that Stripe goes on to charge for, MayNotGrant, and
    StripeUnreachable, since it is asked. One that it does not know, such as of the test mode, ends
    if somebody wants it, ``by`` whom, and raises UnknownSubscription else: the key may be wrong.
    """
    if membership.state == Membership.State.ENDED:
        return False
    # Before the transaction: nothing waits for Stripe but who ends it.
    subscription_id = membership.subscription_id
    goes_on = subscription_id is not None and _goes_on_at_stripe(subscription_id, by=by)
    with transaction.atomic():
        membership = locked(membership)
        if membership.state == Membership.State.ENDED:
            return False
        if goes_on:
            raise EndsAtStripe
        membership.state, membership.is_open = Membership.State.ENDED, None
        membership.ended_at = timezone.now()
        if subscription_id is not None:
            # Above all that Stripe tells of one that goes on, and below its word of the end.
            membership.version = "1"
        settle(membership, by=by, request=request)
        note_end(membership, reason=reason, by=by, request=request)
    return True


def locked(membership: Membership) -> Membership:
    """Return a membership as it is now; whoever else would change it waits."""
    return Membership.objects.select_for_update().get(pk=membership.pk)


def note_payment(
    membership: Membership,
    payment: Payment,
    *,
    by: AbstractUser | None = None,
    request: HttpRequest | None = None,
) -> None:
    """Write down that a period was paid for, and tell of it after the commit."""
    until = payment.ends_at.isoformat() if payment.ends_at else None
    details = {"plan": membership.plan.name, "until": until, "reference": payment.reference}
    _note("payment_recorded", membership, details, by=by, request=request)
    _send(paid, membership, payment=payment, request=request)


def note_refund(
    membership: Membership,
    payment: Payment,
    *,
    by: AbstractUser | None = None,
    request: HttpRequest | None = None,
) -> None:
    """Write down that a payment was given back, and tell of it after the commit."""
    details = {"plan": membership.plan.name, "reference": payment.reference}
    _note("payment_refunded", membership, details, by=by, request=request)
    _send(refunded, membership, payment=payment, request=request)


def note_end(
    membership: Membership,
    *,
    reason: str = "",
    by: AbstractUser | None = None,
    request: HttpRequest | None = None,
) -> None:
    """Write down that a membership has ended, and tell of it after the commit."""
    details = {"plan": membership.plan.name, "reason": reason}
    _note("membership_ended", membership, details, by=by, request=request)
    _send(membership_ended, membership, membership=membership, request=request)


def _record(
    user: AbstractUser,
    plan: Plan,
    until: datetime,
    *,
    since: datetime | None,
    reference: str,
    reason: str,
    by: AbstractUser | None,
    request: HttpRequest | None,
) -> Payment:
    # Locked: the account cannot go while something is written that points at it.
    users = get_user_model()._default_manager
    if not users.select_for_update().filter(pk=user.pk).exists():
        raise UserVanished
    # Asked here, since a period that is over brings no grant that would ask.
    refuse_to_grant(by, user, [plan.role])
    known = _known(reference, user=user, plan=plan)
    if known is not None:
        return known
    membership = _open_membership(user, plan)
    now, paid_until = timezone.now(), membership.paid_until
    since = since or max(now, paid_until or now)
    # From now, too: at the ends of all calendars neither grace nor another time zone has room.
    if not since < until or max(until, now) - min(since, now) > LONGEST:
        raise InvalidPeriod
    payment = membership.payments.create(
        reference=reference or None,
        state=Payment.State.PAID,
        starts_at=since,
        ends_at=until,
        reason=reason,
        recorded_by=by,
    )
    settle(membership, by=by, request=request)
    payment.refresh_from_db(fields=["grant"])
    note_payment(membership, payment, by=by, request=request)
    # The grant was given to another copy of the user.
    user.forget_loaded()
    return payment


def _known(reference: str, *, user: AbstractUser, plan: Plan) -> Payment | None:
    """Return the payment that is recorded under a reference; raise ReferenceTaken for another."""
    if not reference:
        return None
    rows = Payment.objects.select_related("membership")
    known = rows.filter(reference=reference).first()
    if known is None:
        return None
    of = known.membership
    # Whatever its end: who records it once more counts from another moment.
    is_same = (of.user_id, of.plan_id, of.subscription_id) == (user.pk, plan.pk, None)
    # Else it were taken for done, and the role were not there.
    if not is_same or known.state != Payment.State.PAID:
        raise ReferenceTaken
    return known


def _open_membership(user: AbstractUser, plan: Plan) -> Membership:
    found, _is_new = Membership.objects.select_for_update().get_or_create(
        user=user, plan=plan, is_open=True, defaults={"state": Membership.State.RUNNING}
    )
    return found


def _goes_on_at_stripe(subscription_id: str, *, by: AbstractUser | None) -> bool:
    """Say whether Stripe goes on to charge, as far as it can be asked."""
    try:
        return not (conf.STRIPE_SECRET_KEY and is_over(subscription_id))
    except UnknownSubscription:
        if by is None:
            raise
        return False


def _note(
    kind: str,
    membership: Membership,
    details: Mapping[str, object],
    *,
    by: AbstractUser | None,
    request: HttpRequest | None,
) -> None:
    if membership.user is not None:
        AccountEvent.objects.record(
            kind,
            user=membership.user,
            actor=by,
            details=details,
            request=own_request(membership, request),
        )


def _send(signal: Signal, of: Membership, **news: object) -> None:
    # What was paid outlives its user; of nobody there is no news.
    if of.user is not None:
        send_on_commit(signal, user=of.user, **news)
