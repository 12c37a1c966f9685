"""Tell people by mail that a role of theirs ends soon: for cron, once for each grant."""

from collections.abc import Iterator
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from ...identity import has_emails
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
    if not has_emails():
        return 0
    grants = RoleGrant.objects.ending_within(days)
    # A mail goes to people who are here, at the address that they have proved.
    grants = grants.filter(user__is_active=True, user__erase_at=None, user__emails__is_primary=True)
    if roles is not None:
        grants = grants.filter(role__name__in=roles)
    grants = grants.filter(reminds=True, reminded_at=None)
    reminded = 0
    for keys in _ending(days=days, batch=batch):
        # What else counts is asked of these alone: a database would else read all grants for it.
        for key in list(grants.filter(pk__in=keys).order_by("pk").values_list("pk", flat=True)):
            reminded += _remind(key, grants)
    return reminded


def _ending(*, days: int, batch: int) -> Iterator[list[int]]:
    """Yield the keys of the grants that end in these days, as the index of ends has them."""
    now = timezone.now()
    ending = RoleGrant.objects.filter(ends_at__gt=now, ends_at__lte=now + timedelta(days=days))
    ordered = ending.filter(reminds=True, reminded_at=None).order_by("ends_at", "pk")
    after = ordered
    while rows := list(after.values_list("ends_at", "pk")[:batch]):
        yield [key for _end, key in rows]
        end, key = rows[-1]
        later = Q(ends_at__gt=end) | Q(ends_at=end, pk__gt=key)
        after = ordered.filter(later, ends_at__gte=end)


def _remind(key: int, grants: RoleGrantQuerySet) -> bool:
    def remind() -> bool:
        with transaction.atomic():
            # Asked once more: many mails may have been written since the keys were read.
            grant = grants.filter(pk=key).select_related("user").first()
            if grant is None or not _is_ours(grant):
                return False
            to = UserEmail.objects.get(user=grant.user, is_primary=True)
            announce("role_ending", to=to.email, user=grant.user, grant=grant)
        return True

    return repeat_undone(remind, restore=lambda: None)


def _is_ours(grant: RoleGrant) -> bool:
    """Of two who are at it at one moment, let one through, and none if its end has just changed."""
    same = RoleGrant.objects.filter(pk=grant.pk, ends_at=grant.ends_at, reminded_at=None)
    return bool(same.update(reminded_at=timezone.now()))
