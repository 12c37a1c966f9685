"""Drop what nobody has confirmed: addresses that wait for too long, and accounts with no other."""

from collections.abc import Iterator
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Exists, OuterRef, ProtectedError, QuerySet, RestrictedError
from django.utils import timezone

from ...models import AbstractUser, OneTimeSecret, UserEmail
from ...transactions import repeat_undone


def prune_unconfirmed(*, older_than: timedelta, batch: int) -> tuple[int, int]:
    """
    Delete old claims, and accounts that were registered and never confirmed; return their numbers.

    Neither while a link for the address still works. An account that somebody has ever logged in
    to, that is staff, or that rows of the project protect, stays. One transaction for each row that
    goes, which locks the user first: who confirms at this moment wins, or finds the link gone.
    """
    return (
        sum(_drop_account(key, older_than) for key in _keys(_accounts(older_than), batch)),
        sum(_drop_claim(key, older_than) for key in _keys(_claims(older_than), batch)),
    )


def _claims(older_than: timedelta) -> QuerySet[UserEmail]:
    now = timezone.now()
    links = OneTimeSecret.objects.filter(
        address=OuterRef("pk"), redeemed_at=None, expires_at__gt=now
    )
    old = UserEmail.objects.claims().filter(created_at__lt=now - older_than)
    return old.filter(~Exists(links))


def _accounts(older_than: timedelta) -> "QuerySet[AbstractUser]":
    own = UserEmail.objects.filter(user=OuterRef("pk"))
    old = _claims(older_than).filter(user=OuterRef("pk"))
    users = get_user_model()._default_manager.filter(
        date_joined__lt=timezone.now() - older_than,
        last_login=None,
        is_staff=False,
        is_superuser=False,
    )
    # With a claim that is old, and no address that is proved, or waits for less long.
    kept = own.exclude(pk__in=old.values("pk"))
    accounts: QuerySet[AbstractUser] = users.filter(Exists(old), ~Exists(kept))
    return accounts


def _keys(rows: "QuerySet[AbstractUser] | QuerySet[UserEmail]", batch: int) -> Iterator[object]:
    """Yield the keys of the rows as they were at the beginning of each batch, in order."""
    last: object = None
    while True:
        after = rows if last is None else rows.filter(pk__gt=last)
        keys = list(after.order_by("pk").values_list("pk", flat=True)[:batch])
        if not keys:
            return
        yield from keys
        last = keys[-1]


def _drop_account(key: object, older_than: timedelta) -> bool:
    def drop() -> bool:
        with transaction.atomic():
            users = get_user_model()._default_manager.select_for_update()
            if users.filter(pk=key).first() is None:
                return False
            user = _accounts(older_than).filter(pk=key).first()
            if user is None:
                return False
            user.delete()
            return True

    try:
        return repeat_undone(drop, restore=lambda: None)
    except (ProtectedError, RestrictedError):
        return False


def _drop_claim(key: object, older_than: timedelta) -> bool:
    def drop() -> bool:
        with transaction.atomic():
            claim = UserEmail.objects.filter(pk=key).first()
            users = get_user_model()._default_manager.select_for_update()
            if claim is None or users.filter(pk=claim.user_id).first() is None:
                return False
            still = _claims(older_than).filter(pk=key).first()
            return bool(still and still.delete())

    return repeat_undone(drop, restore=lambda: None)
