"""What is for sale, and what one has."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from django_useraccounts.memberships.models import Membership, Payment, Plan, StripeCustomer
from django_useraccounts.models import AbstractUser
from tests.gallery.stage import LONG_NAME, Stage, entry
from tests.memberships.conftest import make_plan
from tests.memberships.office import open_office

State = Membership.State


def _in(days: int) -> datetime:
    return timezone.now() + timedelta(days=days)


def plans() -> dict[str, Plan]:
    long = {"description": "A chair, soup and the orchestra.\nAnd our lasting love.\n" * 3}
    return {
        "patron": make_plan("patron", description="A chair, and the orchestra."),
        "club": make_plan("club", "artist", price="€ 50 a year", **long),
        "life": make_plan("life", "elder", label=LONG_NAME.title(), price_id=""),
    }


def has(user: AbstractUser, plan: Plan, state: str = State.RUNNING, **fields: Any) -> Membership:
    """Give somebody a membership that Stripe charges for."""
    usual = {"subscription_id": f"sub_{plan.name}", "started_at": _in(-40), "paid_until": _in(20)}
    given = {**usual, "counts_until": _in(23), "paid_from": _in(-40), **fields}
    return Membership.objects.create(user=user, plan=plan, state=state, **given)


@entry()
def pricing(stage: Stage) -> None:
    plans()
    stage.get("pricing")


@entry()
def pricing_of_nothing(stage: Stage) -> None:
    stage.get("pricing")


@entry()
def pricing_for_a_member(stage: Stage) -> None:
    has(stage.log_in(), plans()["patron"])
    stage.get("pricing")


@entry()
def membership(stage: Stage) -> None:
    row = has(stage.log_in(), plans()["patron"])
    for number, state in enumerate(Payment.State.values):
        Payment.objects.create(
            membership=row,
            state=state,
            starts_at=_in(-30 * (number + 1)),
            ends_at=_in(-30 * number),
            reference=f"in_{number}",
        )
    stage.get("membership")


@entry()
def membership_none(stage: Stage) -> None:
    stage.log_in()
    stage.get("membership")


@entry()
def memberships_in_every_state(stage: Stage) -> None:
    frida, all_plans = stage.log_in(), plans()
    more = {name: make_plan(name) for name in ("paused", "cancelled", "paid", "lapsed", "ahead")}
    has(frida, all_plans["patron"], State.LATE, failed_at=_in(-1))
    has(frida, more["lapsed"], State.LATE, paid_until=_in(-9), counts_until=_in(-6))
    has(frida, all_plans["club"], State.WAITING, paid_until=None, counts_until=None)
    has(frida, all_plans["life"], State.ENDED, ended_at=_in(-1))
    has(frida, more["paused"], State.PAUSED)
    has(frida, more["cancelled"], ends_at=_in(20))
    has(frida, more["paid"], subscription_id=None, is_open=True)
    has(frida, more["ahead"], subscription_id=None, is_open=True, paid_from=_in(10))
    stage.get("membership")


@entry()
def start_checkout(stage: Stage) -> None:
    plans()
    stage.log_in()
    stage.get("start_checkout", "club")


@entry()
def start_checkout_refused(stage: Stage) -> None:
    has(stage.log_in(), plans()["club"])
    with open_office():
        stage.post("start_checkout", "club")


@entry()
def checkout_done(stage: Stage) -> None:
    has(stage.log_in(), plans()["patron"])
    stage.get("checkout_done")


@entry()
def checkout_done_too_early(stage: Stage) -> None:
    stage.log_in()
    stage.get("checkout_done")


@entry()
def checkout_done_but_waiting(stage: Stage) -> None:
    has(stage.log_in(), plans()["patron"], State.WAITING, paid_until=None, counts_until=None)
    stage.get("checkout_done")


@entry()
def customer_portal(stage: Stage) -> None:
    frida = stage.log_in()
    StripeCustomer.objects.create(user=frida, customer_id="cus_frida")
    has(frida, plans()["patron"])
    stage.get("customer_portal")
