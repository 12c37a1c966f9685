"""Tell people by mail that a role of theirs ends soon: for cron, once for each grant."""

from functools import partial

from django.db import transaction
from django.utils import timezone

from ...mail import announce
from ...models import RoleGrant, UserEmail
from ...models.roles import RoleGrantQuerySet
from ...transactions import repeat_undone


def remind_of_ends(*, days: int = 7, roles: list[str] | None = None, batch: int = 1000) -> int:
    """
    Mail those whose role ends within some days, and return how many; ``roles`` are names, None all.

    Once for each grant, and once more after it was extended; not where another grant of the role
    goes on, nor where who granted wanted no mail. Safe beside itself, and to be run again.
    """
    grants = RoleGrant.objects.ending_within(days).filter(reminds=True, reminded_at=None)
    # A mail goes to people who are here, at the address that they have proved.
    grants = grants.filter(user__is_active=True, user__erase_at=None, user__emails__is_primary=True)
    if roles is not None:
        grants = grants.filter(role__name__in=roles)
    reminded, last = 0, 0
    while keys := _next(grants, after=last, number=batch):
        reminded += sum(repeat_undone(partial(_remind, key), restore=lambda: None) for key in keys)
        last = keys[-1]
    return reminded


def _next(grants: RoleGrantQuerySet, *, after: int, number: int) -> list[int]:
    return list(grants.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:number])


def _remind(key: int) -> bool:
    now = timezone.now()
    with transaction.atomic():
        # Of two who are at it at one moment, one gets to here, and only while it still ends.
        waiting = RoleGrant.objects.in_force(now).filter(pk=key, ends_at__gt=now, reminded_at=None)
        if not waiting.update(reminded_at=now):
            return False
        grant = RoleGrant.objects.select_related("user").get(pk=key)
        to = UserEmail.objects.get(user=grant.user, is_primary=True)
        announce("role_ending", to=to.email, user=grant.user, grant=grant)
    return True
