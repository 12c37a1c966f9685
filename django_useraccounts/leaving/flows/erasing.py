"""Forget a person: for good, at once, whole or not at all."""

import logging
import secrets
from copy import copy

from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from ... import signals
from ...administration.flows import keep_a_superuser
from ...batches import keys_in_order
from ...emails.flows.rows import locked
from ...identity import has_emails, has_username_column
from ...mail import announce
from ...message import in_language_of
from ...models import AbstractUser, AccountEvent
from ...personal_data import drop_files, empty_profile, forget
from ...policy import policy
from ...transactions import is_outage, repeat_undone
from ..parts import forget_addresses

logger = logging.getLogger("django_useraccounts.leaving")


def erase_due(*, batch: int) -> tuple[int, int]:
    """
    Erase the closed accounts whose time is over; return how many were, and how many could not be.

    One transaction for each: what an app, a constraint or a lock refuses is logged, the account
    stays as it was until the next run, and the others go on. A database that is away is raised.
    """
    due = get_user_model()._default_manager.filter(erase_at__lte=timezone.now())
    results = [_erase_if_due(key) for key in keys_in_order(due, batch)]
    return results.count(True), results.count(False)


def erase_account(user: AbstractUser) -> None:
    """
    Erase the account of ``user`` now, without waiting, as ``Policy.leaving`` says.

    Each app forgets what it holds, see ``personal_data``. Then the row of the user goes, or stays
    with a made-up name and nothing else of the person. The username is reserved as after a change.
    Events stay, short of what tells who it was: the key of the user is a pseudonym. The last mail
    goes to the primary address. Raises LastSuperuser, and whatever keeps an app from forgetting.
    """

    def erase() -> None:
        with transaction.atomic():
            keep_a_superuser(user)
            _erase(locked(user))

    # For programs, which have no page that is answered once more.
    repeat_undone(erase, restore=lambda: None)


def _erase_if_due(key: object) -> bool | None:
    """Return whether an account was erased; None for one that is not to be, any more."""

    def erase() -> bool | None:
        with transaction.atomic():
            users = get_user_model()._default_manager.select_for_update()
            user = users.filter(pk=key, erase_at__lte=timezone.now()).first()
            if user is None:
                return None
            _erase(user)
            return True

    try:
        return repeat_undone(erase, restore=lambda: None)
    except Exception as error:
        if is_outage(error):
            raise
        # Whatever an app raises that forgets something: the others are not to wait for it.
        logger.exception("The account #%s could not be erased.", key)
        return False


def _erase(user: AbstractUser) -> None:
    how, left = policy().leaving(user), copy(user)
    forget(user)
    forget_addresses(user)
    drop_files(user)
    AccountEvent.objects.record("account_erased", user=user, details={"how": how})
    _say_goodbye(user)
    if how == "erase":
        user.delete()
    else:
        _anonymise(user)
    signals.send_on_commit(signals.account_erased, user=left, how=how)


def _say_goodbye(user: AbstractUser) -> None:
    """Write the last mail, which belongs to nobody any more, in the language of its reader."""
    if not user.email or not has_emails():
        return
    with in_language_of(user):
        try:
            announce("account_erased", to=user.email)
        except ImproperlyConfigured:
            # Without ORIGIN only a request says which site this is, and nobody is here to make one.
            logger.warning("Account #%s is erased without a last mail: no ORIGIN.", user.pk)


def _anonymise(user: AbstractUser) -> None:
    """Leave a row that others can point at: a made-up name, no rights, no way in."""
    columns = {
        "email": "",
        "language": "",
        "is_active": False,
        "is_staff": False,
        "is_superuser": False,
        **empty_profile(user),
    }
    if has_username_column() and user.username:
        columns["username"] = f"deleted-{secrets.token_hex(6)}"
    for name, value in columns.items():
        setattr(user, name, value)
    user.groups.clear()
    user.user_permissions.clear()
    # Only these: in other columns, what an app has just removed is still in memory.
    user.save(update_fields=columns)
    user.set_unusable_password()
    rows = get_user_model()._default_manager.filter(pk=user.pk)
    rows.update(password=user.password, erase_at=None, session_epoch=F("session_epoch") + 1)
    user.note_stored_password()
