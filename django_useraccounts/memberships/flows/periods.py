"""Bring the grants of a membership in line with what was paid for it."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from ...identity import has_emails
from ...mail import announce
from ...models import AbstractUser, RoleGrant
from ...roles.flows import grant_role, revoke_grant
from ..models import FROM_PAYMENT, FROM_STRIPE, Membership, Payment, Plan


def settle(
    membership: Membership,
    *,
    by: AbstractUser | None = None,
    request: HttpRequest | None = None,
) -> None:
    """
    Grant the role for each period that is paid, end the grants of others, and save the membership.

    A part of every flow about a membership, in its transaction, with the row locked. What it does
    depends only on what is stored, never on the way there: so events may come in any order. A grant
    that somebody has revoked stays so for its period.
    """
    now = timezone.now()
    payments = list(membership.payments.select_related("grant", "paid_plan__role"))
    kept = _kept(payments)
    plan = _plan(membership, kept)
    for payment in payments if membership.user is not None else ():
        is_due = payment in kept and _counts(membership, payment, now)
        context = own_request(membership, request)
        _match(membership, payment, plan if is_due else None, now, by=by, request=context)
    _note_ends(membership, kept, now)
    if membership.started_at is None and _is_in_force(membership, now):
        membership.started_at = now
        tell("membership_started", membership, request=request)
    membership.save()


def tell(kind: str, membership: Membership, *, request: HttpRequest | None = None) -> None:
    """Write a mail about a membership, if its user is here, and is written to."""
    user = membership.user
    if user is None or not (user.email and has_emails()):
        return
    if user.is_active and not user.is_closed:
        announce(kind, to=user.email, user=user, request=request)


def unpaid_payments(payments: list[Payment]) -> list[Payment]:
    """
    Return those that failed, and those that rest on them.

    Stripe gives the rest of an invoice back also where nobody has paid it, and takes it for money.
    """
    unpaid = [payment for payment in payments if payment.state == Payment.State.FAILED]
    # Each may rest on one that rests on another.
    while more := [row for row in payments if row not in unpaid and _rests_on(row, unpaid)]:
        unpaid += more
    return unpaid


def own_request(membership: Membership, request: HttpRequest | None) -> HttpRequest | None:
    """Return the request for the audit trail: not that of Stripe, whose address is no person's."""
    return None if membership.subscription_id else request


def _kept(payments: list[Payment]) -> list[Payment]:
    """
    Return the payments that are paid, less those whose rest the invoice of another has credited.

    Also where that one was refunded: what it gave back was a part of its price, and went with it.
    """
    unpaid = {payment.pk for payment in unpaid_payments(payments)}
    collected = [payment for payment in payments if payment.pk not in unpaid]
    paid = [payment for payment in collected if payment.state == Payment.State.PAID]
    moments = [payment.credits_from for payment in collected if payment.credits_from]
    return [payment for payment in paid if not any(_lasts_at(payment, at) for at in moments)]


def _rests_on(payment: Payment, others: list[Payment]) -> bool:
    return not {other.reference for other in others}.isdisjoint(payment.credits_of.split())


def _lasts_at(payment: Payment, at: datetime) -> bool:
    """Say whether a period has begun before a moment, or then, but by another invoice than this."""
    if payment.starts_at is None or payment.ends_at is None or payment.credits_from == at:
        return False
    return payment.starts_at <= at < payment.ends_at


def _plan(membership: Membership, kept: list[Payment]) -> Plan:
    """
    Return the plan whose role the payments bring: that of the last invoice that is paid.

    Not the present one of the subscription, which is a wish until it is paid for: Stripe collects
    nothing while it pauses, and lets a subscription run whose invoice was given up.
    """
    named = [(row.starts_at, row.paid_plan) for row in kept if row.starts_at and row.paid_plan]
    return max(named, key=lambda row: row[0], default=(None, membership.plan))[1]


def _match(
    membership: Membership,
    payment: Payment,
    plan: Plan | None,
    now: datetime,
    *,
    by: AbstractUser | None,
    request: HttpRequest | None,
) -> None:
    """Let a payment have a grant of the role of a plan, of none no grant that counts."""
    grant, since = payment.grant, payment.starts_at
    if payment.was_granted:
        if grant is not None and plan is not None and grant.role_id == plan.role_id:
            return
        # By somebody, for the whole period, whatever the plan: what was to come is gone altogether.
        if not (grant and revoke_grant(grant, reason=payment.reason, by=by, request=request)):
            return
        payment.was_granted = False
        payment.save(update_fields=["was_granted"])
    if grant is not None:
        # Who changes to another plan has its role from now on, not since the period began.
        since = max(since or now, now)
    # Of a period that is over the grace was left, of the role of then.
    if plan is None or (since and payment.ends_at and payment.ends_at <= since):
        return
    payment.grant = _grant(membership, payment, plan, since, by=by, request=request)
    payment.was_granted = True
    payment.save(update_fields=["grant", "was_granted"])


def _grant(
    membership: Membership,
    payment: Payment,
    plan: Plan,
    since: datetime | None,
    *,
    by: AbstractUser | None,
    request: HttpRequest | None,
) -> RoleGrant:
    user: Any = membership.user
    return grant_role(
        user,
        plan.role,
        since=since,
        until=payment.ends_at,
        grace=membership.plan.grace,
        source=FROM_STRIPE if membership.subscription_id else FROM_PAYMENT,
        reason=payment.reason,
        # Who is a member has mails of their own, and most memberships go on by themselves.
        remind=False,
        by=by,
        request=request,
    )


def _counts(membership: Membership, payment: Payment, now: datetime) -> bool:
    """Say whether a period that is paid is to have a grant: it is not over, and not ended."""
    if membership.state == Membership.State.ENDED or payment.ends_at is None:
        return False
    return payment.ends_at + membership.plan.grace > now


def _note_ends(membership: Membership, paid: list[Payment], now: datetime) -> None:
    before, ends = membership.paid_until, [p.ends_at for p in paid if p.ends_at is not None]
    # Between two periods that do not follow on one another, it is to come once more.
    counting = [p for p in paid if _counts(membership, p, now)] or paid
    membership.paid_from = min((p.starts_at for p in counting if p.starts_at), default=None)
    membership.paid_until = max(ends, default=None)
    until = membership.paid_until
    membership.counts_until = until + membership.plan.grace if until else None
    if until and (before is None or until > before) and until > now:
        # What was told of the old end is not true any more.
        membership.reminded_at = membership.end_told_at = None


def _is_in_force(membership: Membership, now: datetime) -> bool:
    since, until = membership.paid_from, membership.counts_until
    if membership.state == Membership.State.ENDED or since is None or until is None:
        return False
    return since <= now < until
