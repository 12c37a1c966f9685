"""Close an account, and open it again as long as there is time."""

from contextlib import suppress
from datetime import datetime
from typing import Any

from django.contrib import auth
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from ... import signals
from ...administration.flows import keep_a_superuser
from ...conf import conf
from ...emails.flows.rows import locked, note_reopened, refuse_ended, tell_all
from ...errors import AccountGone
from ...models import AbstractUser, AccountEvent, AccountExport, OneTimeSecret
from ...secrets import PURPOSES


def close_account(
    user: AbstractUser,
    *,
    reason: str = "",
    by: AbstractUser | None = None,
    request: HttpRequest | None = None,
) -> None:
    """
    Close the account of ``user``: it is erased after CLOSED_ACCOUNT_KEPT, unless a login is before.

    Every session ends, that of ``request`` included if it is the user's, and every mailed link but
    those that take a change of addresses or a login back: who has stolen an account could else
    close it to keep it. All proved addresses are told. ``by`` is who does it, if not the user. An
    account that is closed stays so without another event. Raises LastSuperuser.
    """
    with transaction.atomic():
        keep_a_superuser(user)
        fresh = locked(user)
        if fresh.erase_at is None:
            refuse_ended(user, fresh, request=request)
            erase_at = _close(fresh)
            details = {"erase_at": erase_at.isoformat(), "reason": reason}
            AccountEvent.objects.record(
                "account_closed", user=user, actor=by or user, details=details, request=request
            )
            tell_all("account_closed", user, request=request)
            signals.send_on_commit(signals.account_closed, user=user, request=request)
        if request is not None and request.user == user:
            auth.logout(request)
    user.erase_at, user.session_epoch = fresh.erase_at, fresh.session_epoch


def reopen_account(
    user: AbstractUser, *, by: AbstractUser | None = None, request: HttpRequest | None = None
) -> None:
    """
    Open a closed account again, as it was; all proved addresses are told.

    ``by`` is who does it, if not the user. One that is open stays so without another event. Raises
    AccountGone when it is too late, also before the account is erased.
    """
    rows = get_user_model()._default_manager.filter(pk=user.pk, erase_at__gt=timezone.now())
    with transaction.atomic():
        # Only as it was loaded: what was closed once more since then stays closed.
        if rows.filter(session_epoch=user.session_epoch).update(erase_at=None):
            user.erase_at, user.is_reopened = None, True
            note_reopened(user, by=by or user, request=request)
        elif user.is_gone:
            raise AccountGone


def reopen_at_login(*, request: HttpRequest, user: AbstractUser, **kwargs: Any) -> None:
    """Open the account of whoever logs in, by whichever page; for Django's ``user_logged_in``."""
    if user.is_closed:
        # Too late by a moment: the session that has just begun opens nothing.
        with suppress(AccountGone):
            reopen_account(user, request=request)


def _close(user: AbstractUser) -> datetime:
    """Close an account whose row is locked, end its links, and return when it is to be erased."""
    erase_at = timezone.now() + conf.CLOSED_ACCOUNT_KEPT
    # Of a login at the same moment the session rests on the old epoch, and ends; or it has loaded
    # the closed account, and opens it again.
    rows = get_user_model()._default_manager.filter(pk=user.pk)
    rows.update(erase_at=erase_at, session_epoch=F("session_epoch") + 1)
    user.erase_at, user.session_epoch = erase_at, user.session_epoch + 1
    links = OneTimeSecret.objects.filter(user=user, redeemed_at=None)
    kept = [purpose.name for purpose in PURPOSES.values() if purpose.outlives_closing]
    links.exclude(purpose__in=kept).update(redeemed_at=timezone.now())
    AccountExport.objects.filter(user=user).delete()
    return erase_at
