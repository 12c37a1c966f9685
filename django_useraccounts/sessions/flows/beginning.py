"""A session begins with a login, whichever page did it; a new device is told of by mail."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from ... import signals
from ...devices import device_key
from ...emails.flows import link_to_take_back, proved_of
from ...identity import has_emails
from ...mail import announce
from ...message import in_language_of
from ...models import AbstractUser, AccountEvent, OutgoingMail
from .. import signals as news
from ..agents import in_words
from ..conf import conf
from ..keeping import carry_row, is_watched, lock_logins, row_of, seen_by
from ..models import DISOWN_LOGIN, KEPT, LoginSession

#: A second click on "Log in" comes so soon after the first; which answer the browser takes, and so
#: which session it keeps, nobody knows.
SAME_MOMENT = timedelta(minutes=1)
#: Events of an account that somebody has used, here or before it was moved here.
USED_BEFORE = ("logged_in", "account_adopted")
#: So many mails of new devices in an hour tell enough. Who knows a password must not be able to
#: bury a mailbox with them.
TOLD_PER_HOUR = 10


def record_session(*, request: HttpRequest, user: AbstractUser, **kwargs: Any) -> None:
    """
    Write the row of a session that has just begun; a receiver of Django's ``user_logged_in``.

    The session that it replaces in this browser ends, and beyond PER_USER the oldest ones of the
    user. A login from a new device is told by mail. All of it is part of the transaction of the
    login, if there is one.
    """
    if not is_watched(request):
        return  # no visit, or a site without the middleware: the row would end nothing
    with transaction.atomic():
        # Of twenty at once each counts the ones before.
        lock_logins(user)
        device = device_key(request)
        is_new = _is_new_device(user, device)
        _end_replaced(user, device, request=request)
        row = LoginSession.objects.create(
            user=user, device_key=device, epoch=user.session_epoch, **seen_by(request)
        )
        carry_row(request, row)
        LoginSession.objects.end_oldest(user, but=row)
        if is_new:
            _tell(row, request=request)


def _is_new_device(user: AbstractUser, device: str) -> bool:
    """Say whether the account was used before, and never from this browser as far as is known."""
    rows = LoginSession.objects.filter(user=user).order_by()
    known = list(rows.filter(device_key=device)[:1])
    if known:
        return False
    # Of an older account the rows may have been deleted, and the events, too.
    if user.date_joined < timezone.now() - KEPT or rows.exists():
        return True
    # The event of this very login is there, or not yet: the order of receivers is up to the site.
    return AccountEvent.objects.filter(
        user=user, kind__in=USED_BEFORE, at__lt=timezone.now() - SAME_MOMENT
    ).exists()


def _end_replaced(user: AbstractUser, device: str, *, request: HttpRequest) -> None:
    """End what this browser had: a browser has one session, also when it was closed meanwhile."""
    if key := row_of(request):
        LoginSession.objects.filter(pk=key).end()
    before = timezone.now() - SAME_MOMENT
    LoginSession.objects.filter(user=user, device_key=device, started_at__lt=before).end()


def _tell(row: LoginSession, *, request: HttpRequest) -> None:
    user: AbstractUser = row.user
    AccountEvent.objects.record("new_login", user=user, actor=user, request=request)
    signals.send_on_commit(news.new_login, user=user, session=row, request=request)
    if not (conf.TELL_NEW_DEVICE and has_emails() and user.email):
        return
    an_hour_ago = timezone.now() - timedelta(hours=1)
    told = OutgoingMail.objects.filter(user=user, kind="new_login", created_at__gt=an_hour_ago)
    if told.count() >= TOLD_PER_HOUR:
        return
    before = proved_of(user)
    primary = next((address for address in before if address.is_primary), None)
    link = link_to_take_back(DISOWN_LOGIN, primary, before=before) if primary else None
    with in_language_of(user):
        what = " · ".join(filter(None, (in_words(row.user_agent), row.client_address)))
    announce(
        "new_login",
        to=user.email,
        user=user,
        secret=link,
        # So it goes nowhere else: another address may be the thief's.
        about=user.email,
        what=what,
        request=request,
    )
