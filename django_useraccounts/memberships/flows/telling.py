"""Tell members of the end of what they have paid, before it comes and when it has come."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from ...batches import WINDOW, keys_by_window
from ...transactions import repeat_undone
from ..models import GOES_ON, Membership, Payment
from .payments import locked
from .periods import settle, tell

_RENEWS = Q(subscription_id__isnull=False, state=Membership.State.RUNNING) & GOES_ON
#: When one that does not go on ends, as far as that is known.
_END = Coalesce("ends_at", "paid_until")


def tell_begun(*, batch: int = WINDOW) -> int:
    """
    Mail those whose membership was paid for ahead, and has begun; return how many.

    One that has come to a gap between two paid periods is to come from then on, of which nobody is
    told. Safe beside itself: for cron.
    """
    is_new, rows = Q(started_at=None), Membership.objects.lasting()
    return _each(_of_who_is_here(rows.filter(is_new | _is_in_gap())), _tell_begun, batch=batch)


def remind_members(*, days: int = 7, batch: int = WINDOW) -> int:
    """
    Mail those whose membership ends in the next days, once for each end; return how many.

    Not those that go on by themselves, or whose role another membership goes on to pay for. Safe
    beside itself: for cron.
    """
    now = timezone.now()
    is_last = Q(subscription_id=None) | Q(ends_at__lte=F("paid_until"))
    rows = _of_who_is_here(Membership.objects.filter(is_last, reminded_at=None))
    rows = rows.filter(paid_until__gt=now).exclude(state=Membership.State.ENDED)
    rows = rows.annotate(end=_END).filter(end__gt=now, end__lte=now + timedelta(days=days))
    others = _others(Membership.objects.paid()).annotate(end=_END)
    rows = rows.exclude(Exists(others.filter(_RENEWS | Q(end__gt=OuterRef("end")))))
    return _each(rows, _remind, batch=batch)


def tell_ended(*, batch: int = WINDOW) -> int:
    """
    Mail those whose membership is over, once; return how many. Safe beside itself: for cron.

    Who goes on to have the role by another membership is not told.
    """
    rows = Membership.objects.over(timezone.now()).filter(end_told_at=None)
    return _each(_of_who_is_here(rows), _tell_ended, batch=batch)


def _of_who_is_here(rows: QuerySet[Membership]) -> QuerySet[Membership]:
    """Leave those of closed accounts for when their user comes back."""
    return rows.filter(user__is_active=True, user__erase_at=None)


def _is_in_gap() -> Q:
    """Ask for those of which one paid period is to come, and none lasts but by its grace."""
    now = timezone.now()
    paid = Payment.objects.filter(membership=OuterRef("pk"), state=Payment.State.PAID)
    lasting = paid.filter(starts_at__lte=now, ends_at__gt=now)
    return Q(Exists(paid.filter(starts_at__gt=now)), ~Exists(lasting))


def _tell_begun(membership: Membership, now: datetime) -> bool:
    is_new = membership.started_at is None
    settle(membership)
    return is_new and membership.started_at is not None


def _remind(membership: Membership, now: datetime) -> bool:
    if membership.reminded_at or membership.last_day is None or membership.last_day <= now:
        return False
    membership.reminded_at = now
    membership.save(update_fields=["reminded_at"])
    tell("membership_ending", membership)
    return True


def _tell_ended(membership: Membership, now: datetime) -> bool:
    if not Membership.objects.over(now).filter(pk=membership.pk, end_told_at=None).exists():
        return False
    membership.end_told_at = now
    if membership.is_open:
        # What is paid from now on is a membership of its own, and begins with its own mail.
        membership.state, membership.is_open = Membership.State.ENDED, None
        membership.ended_at = membership.counts_until
    membership.save()
    others = _others(Membership.objects.lasting())
    if Membership.objects.filter(Exists(others), pk=membership.pk).exists():
        return False
    tell("membership_ended", membership)
    return True


def _each(
    rows: QuerySet[Membership], act: Callable[[Membership, datetime], bool], *, batch: int
) -> int:
    """Do it with each of the rows, in a transaction of its own; return with how many it was."""
    done = 0
    for key in keys_by_window(rows, window=batch):
        done += repeat_undone(partial(_one, key, act), restore=lambda: None)
    return done


def _one(key: int, act: Callable[[Membership, datetime], bool]) -> bool:
    with transaction.atomic():
        # Locked, and asked again: another run may have told meanwhile.
        return act(locked(Membership(pk=key)), timezone.now())


def _others(rows: QuerySet[Membership]) -> QuerySet[Membership]:
    """Return those of the same user and role beside the one that is looked at."""
    others = rows.filter(user=OuterRef("user"))
    return others.filter(plan__role=OuterRef("plan__role")).exclude(pk=OuterRef("pk"))
