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
    kept = _kept(membership, payments)
    for payment in payments if membership.user is not None else ():
        plan = kept.get(payment)
        if plan is not None and not _counts(membership, payment, plan, now):
            plan = None
        _match(membership, payment, plan, now, by=by, request=own_request(membership, request))
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


def unpaid_payments(payments: list[Payment]) -> dict[int, Payment]:
    """
    Return those that failed, and those that rest on them, by their keys.

    Stripe gives the rest of an invoice back also where nobody has paid it, and takes it for money.
    """
    resting: dict[str | None, list[Payment]] = {}
    for payment in payments:
        for reference in payment.credits_of.split():
            resting.setdefault(reference, []).append(payment)
    unpaid: dict[int, Payment] = {}
    due = [payment for payment in payments if payment.state == Payment.State.FAILED]
    while due:
        payment = due.pop()
        if payment.pk not in unpaid:
            unpaid[payment.pk] = payment
            due += resting.get(payment.reference, [])
    return unpaid


def own_request(membership: Membership, request: HttpRequest | None) -> HttpRequest | None:
    """Return the request for the audit trail: not that of Stripe, whose address is no person's."""
    return None if membership.subscription_id else request


def _kept(membership: Membership, payments: list[Payment]) -> dict[Payment, Plan]:
    """
    Return the payments that count, each with the plan whose role it brings.

    They are paid, less those whose rest the invoice of another has credited, also where that one
    was refunded: what it gave back was a part of its price, and went with it. The plan is what the
    invoice was for, never the present one of the subscription, which is a wish until it is paid
    for: Stripe collects nothing while it pauses, and lets a subscription run whose invoice was
    given up. An invoice for what is no plan here leaves the plan as it is: what was paid last,
    else what its checkout has sold.
    """
    unpaid = unpaid_payments(payments)
    collected = [payment for payment in payments if payment.pk not in unpaid]
    paid = [payment for payment in collected if payment.state == Payment.State.PAID]
    moments = [payment.credits_from for payment in collected if payment.credits_from]
    named = [(row.starts_at, row.paid_plan) for row in paid if row.starts_at and row.paid_plan]
    sold = membership.bought_plan if membership.subscription_id else membership.plan
    last = max(named, key=lambda row: row[0], default=(None, sold))[1]
    return {
        payment: plan
        for payment in paid
        if (plan := payment.paid_plan or last) and not any(_lasts_at(payment, at) for at in moments)
    }


def _lasts_at(payment: Payment, at: datetime) -> bool:
    """Say whether a period has begun before a moment, or then, but by another invoice than this."""
    if payment.starts_at is None or payment.ends_at is None or payment.credits_from == at:
        return False
    return payment.starts_at <= at < payment.ends_at


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
    is_right = payment.was_granted and _has_role_of(payment, plan)
    if is_right or (payment.was_granted and not _take_back(payment, by=by, request=request)):
        return
    since = payment.starts_at
    if payment.grant is not None and not _has_role_of(payment, plan):
        # The plan has another role now, not since the period began.
        since = max(since or now, now)
    # Of a period that is over the grace was left, of the role of then.
    if plan is None or (since and payment.ends_at and payment.ends_at <= since):
        return
    payment.grant = _grant(membership, payment, plan, since, by=by, request=request)
    payment.was_granted = True
    payment.save(update_fields=["grant", "was_granted"])


def _has_role_of(payment: Payment, plan: Plan | None) -> bool:
    grant = payment.grant
    return grant is not None and plan is not None and grant.role_id == plan.role_id


def _take_back(payment: Payment, *, by: AbstractUser | None, request: HttpRequest | None) -> bool:
    """
    End the grant of a payment, which may get another one; return whether there was one to end.

    What somebody has revoked stays so for the whole period, also when it was to come, and is gone.
    """
    grant = payment.grant
    # Nor is the database asked about each of the years that are over.
    if grant is None or grant.is_over:
        return False
    if not revoke_grant(grant, reason=payment.reason, by=by, request=request):
        return False
    payment.was_granted = False
    payment.save(update_fields=["was_granted"])
    return True


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
        grace=plan.grace,
        source=FROM_STRIPE if membership.subscription_id else FROM_PAYMENT,
        reason=payment.reason,
        # Who is a member has mails of their own, and most memberships go on by themselves.
        remind=False,
        by=by,
        request=request,
    )


def _counts(membership: Membership, payment: Payment, plan: Plan, now: datetime) -> bool:
    """Say whether a period that is paid is to have a grant: it is not over, and not ended."""
    if membership.state == Membership.State.ENDED or payment.ends_at is None:
        return False
    return payment.ends_at + plan.grace > now


def _note_ends(membership: Membership, kept: dict[Payment, Plan], now: datetime) -> None:
    before = membership.paid_until
    ends = [(row.ends_at, plan.grace) for row, plan in kept.items() if row.ends_at]
    membership.paid_from = _paid_from(membership, kept, now)
    membership.paid_until = until = max((end for end, _ in ends), default=None)
    membership.counts_until = max((end + grace for end, grace in ends), default=None)
    if until and (before is None or until > before) and until > now:
        # What was told of the old end is not true any more.
        membership.reminded_at = membership.end_told_at = None


def _paid_from(membership: Membership, kept: dict[Payment, Plan], now: datetime) -> datetime | None:
    # Between two periods that do not follow on one another, it is to come once more.
    counting = [row for row, plan in kept.items() if _counts(membership, row, plan, now)] or kept
    return min((row.starts_at for row in counting if row.starts_at), default=None)


def _is_in_force(membership: Membership, now: datetime) -> bool:
    since, until = membership.paid_from, membership.counts_until
    if membership.state == Membership.State.ENDED or since is None or until is None:
        return False
    return since <= now < until
