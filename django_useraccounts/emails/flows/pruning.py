"""Drop what nobody has confirmed: addresses that wait for too long, and accounts with no other."""

import logging
from collections.abc import Callable
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Exists, OuterRef, ProtectedError, Q, QuerySet, RestrictedError
from django.utils import timezone

from ...batches import WINDOW, keys_by_window
from ...identity import login_names
from ...models import AbstractUser, AccountEvent, OneTimeSecret, RoleGrant, UserEmail
from ...models.emails import ADOPTED
from ...personal_data import drop_files, forget
from ...transactions import is_outage, repeat_undone

logger = logging.getLogger("django_useraccounts.emails")

#: The events of an account that a person has opened, for oneself or for another one.
OPENED = ("registered", "user_added")
DISOWNED = "email_disowned"


def prune_unconfirmed(*, older_than: timedelta, window: int = WINDOW) -> tuple[int, int]:
    """
    Delete old claims, and accounts that were registered and never confirmed; return their numbers.

    Neither while a link for the address still works. An account that somebody has ever logged in
    to, that is staff, that was given a role which lasts, as for a payment, that code has made, or
    that rows of the project protect, stays; so does, with a line in the log, one of which an app
    refuses to forget what it holds, see ``personal_data``, or which the database refuses to delete.
    One transaction for each row that goes, which locks the user first: who confirms at this moment
    wins, or finds the link gone.
    """
    accounts = keys_by_window(_accounts(older_than), window=window)
    claims = keys_by_window(_claims(older_than), window=window)
    return (
        sum(_drop_account(key, older_than) for key in accounts),
        sum(_drop_claim(key, older_than) for key in claims),
    )


def _claims(older_than: timedelta) -> QuerySet[UserEmail]:
    # By its claims an account that could not go is found again the next time, as whole as it was.
    accounts = _accounts(older_than).filter(pk=OuterRef("user"))
    claims = UserEmail.objects.claims().exclude(_is_kept(older_than)).exclude(Exists(accounts))
    # By the only name that somebody has the link can be asked for again, which is the way back in.
    has_another = Q(Exists(UserEmail.objects.confirmed().filter(user=OuterRef("user"))))
    if "username" in login_names():
        has_another |= Q(user__username_key__isnull=False)
    return claims.filter(has_another)


def decides_what_is_pruned() -> Q:
    """Return which events tell, for now, whether ``prune_unconfirmed`` is to drop their account."""
    accounts = _never_confirmed().filter(pk=OuterRef("user"))
    return Q(Exists(accounts), kind__in=(*OPENED, DISOWNED))


def _never_confirmed() -> "QuerySet[AbstractUser]":
    proved = UserEmail.objects.confirmed().filter(user=OuterRef("pk"))
    users: QuerySet[AbstractUser] = get_user_model()._default_manager.filter(
        ~Exists(proved), last_login=None, is_staff=False, is_superuser=False
    )
    return users


def _accounts(older_than: timedelta) -> "QuerySet[AbstractUser]":
    own = UserEmail.objects.filter(user=OuterRef("pk"))
    events = AccountEvent.objects.filter(user=OuterRef("pk"))
    # What code has made, or was adopted, stays, also when somebody has given it an address since.
    is_of_people = Exists(events.filter(kind__in=OPENED))
    # Without any address stays who needs none, but for whose only one was disowned.
    has_waited = Exists(own) | Exists(events.filter(kind=DISOWNED))
    return _never_confirmed().filter(
        is_of_people,
        has_waited,
        ~Exists(own.filter(_is_kept(older_than))),
        date_joined__lt=timezone.now() - older_than,
    )


def _is_kept(older_than: timedelta) -> Q:
    """Return what a claim is to stay: young, adopted, or with a link that works."""
    now = timezone.now()
    links = OneTimeSecret.objects.filter(
        address=OuterRef("pk"), redeemed_at=None, expires_at__gt=now
    )
    # By the site: default roles, and those of links that are handed out, anybody can have.
    given = RoleGrant.objects.lasting().exclude(source__in=("default", "invitation"))
    given = given.filter(user=OuterRef("user"))
    proved = UserEmail.objects.confirmed().filter(user=OuterRef("user"))
    return (
        Q(created_at__gte=now - older_than)
        # Who was given a role, as for a payment, and was never here, comes in by this alone.
        | Q(Exists(given), ~Exists(proved), user__last_login=None)
        # Nobody has registered here with it, and its account may be years old.
        | Q(registration_key__startswith=ADOPTED)
        | Q(Exists(links))
    )


def _drop_account(key: object, older_than: timedelta) -> bool:
    def drop() -> bool:
        with transaction.atomic():
            users = get_user_model()._default_manager.select_for_update()
            if users.filter(pk=key).first() is None:
                return False
            user = _accounts(older_than).filter(pk=key).first()
            if user is None:
                return False
            # Nobody was ever met by its username, so that it is not reserved.
            forget(user, but={"usernames"})
            drop_files(user)
            AccountEvent.objects.record("account_pruned", user=user)
            user.delete()
            return True

    return _done_or_logged(drop, "The account #%s could not be pruned.", key)


def _drop_claim(key: object, older_than: timedelta) -> bool:
    def drop() -> bool:
        with transaction.atomic():
            claim = UserEmail.objects.filter(pk=key).first()
            users = get_user_model()._default_manager.select_for_update()
            if claim is None or users.filter(pk=claim.user_id).first() is None:
                return False
            still = _claims(older_than).filter(pk=key).first()
            return bool(still and still.delete())

    return _done_or_logged(drop, "The address #%s could not be pruned.", key)


def _done_or_logged(drop: Callable[[], bool], failure: str, key: object) -> bool:
    try:
        return repeat_undone(drop, restore=lambda: None)
    except (ProtectedError, RestrictedError):
        return False
    except Exception as error:
        if is_outage(error):
            raise
        # Whatever an app raises that forgets something: the others are not to wait for it.
        logger.exception(failure, key)
        return False
