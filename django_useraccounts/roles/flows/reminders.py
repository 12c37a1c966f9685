"""Tell people by mail that a role of theirs ends soon: for cron, once for each grant."""

from django.db import transaction
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
    grants = RoleGrant.objects.ending_within(days).filter(reminds=True, reminded_at=None)
    # A mail goes to people who are here, at the address that they have proved.
    grants = grants.filter(user__is_active=True, user__erase_at=None, user__emails__is_primary=True)
    if roles is not None:
        grants = grants.filter(role__name__in=roles)
    reminded, last = 0, 0
    while keys := _next(grants, after=last, number=batch):
        reminded += sum(_remind(key, grants) for key in keys)
        last = keys[-1]
    return reminded


def _next(grants: RoleGrantQuerySet, *, after: int, number: int) -> list[int]:
    return list(grants.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:number])


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
