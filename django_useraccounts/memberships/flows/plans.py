"""What is written down of plans: each is a way to its role."""

from typing import Any

from django.http import HttpRequest

from ...models import AbstractUser, AccountEvent
from ..models import Plan


def note_plan(
    kind: str, plan: Plan, *, by: AbstractUser | None = None, request: HttpRequest | None = None
) -> None:
    """Write down that a plan was made or deleted; a part of whatever does it."""
    details = {"plan": plan.name, **_terms_of(plan)}
    AccountEvent.objects.record(kind, user=None, actor=by, details=details, request=request)


def note_terms(
    plan: Plan,
    before: Plan,
    *,
    by: AbstractUser | None = None,
    request: HttpRequest | None = None,
) -> None:
    """Write down by which other terms than ``before`` people get the role of a plan, if any."""
    was = {"name": before.name, **_terms_of(before)}
    now = {"name": plan.name, **_terms_of(plan)}
    changes = {name: {"from": was[name], "to": now[name]} for name in now if now[name] != was[name]}
    if changes:
        details = {"plan": plan.name, **changes}
        AccountEvent.objects.record(
            "plan_changed", user=None, actor=by, details=details, request=request
        )


def _terms_of(plan: Plan) -> dict[str, Any]:
    """Return what decides who gets which role; the rest of a plan is words on a page."""
    return {
        "role": plan.role.name,
        "price_id": plan.price_id,
        "grace_days": plan.grace_days,
        "is_offered": plan.is_offered,
    }
