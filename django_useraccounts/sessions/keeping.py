"""
Who is at this browser: the user of the session, as long as the row of the session lives.

Asked once for a request, and only by who asks for the user. A session that was ended stays dead,
whatever a request that was in flight saves afterwards: what is saved names the row that has ended.
"""

import uuid
from datetime import timedelta
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.contrib.auth.middleware import get_user
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from ..client import client_address
from ..devices import device_key, trust_device
from ..models import AbstractUser
from .conf import conf
from .models import LoginSession, agent_of

#: What a session knows of its row.
SESSION_KEY = "useraccounts_login_session"
#: Use is written down so often, and more often only where sessions may not be idle for an hour.
SEEN_EVERY = timedelta(minutes=5)

# Of the request itself, not of what a client can send: that begins with HTTP_.
_ROW, _VISITOR = "USERACCOUNTS_LOGIN_SESSION", "USERACCOUNTS_VISITOR"


def watch(request: HttpRequest) -> None:
    """Have the sessions of this request kept: its middleware has seen it."""
    request.META[_ROW] = ""


def is_watched(request: HttpRequest) -> bool:
    """Say whether somebody will ask whether the session still lives."""
    return _ROW in request.META


def row_of(request: HttpRequest) -> str:
    """Return the key of the row that the session had last in this request, "" for none."""
    # The session forgets it when somebody else logs in.
    return request.session.get(SESSION_KEY) or request.META.get(_ROW) or ""


def carry_row(request: HttpRequest, row: LoginSession) -> None:
    """Write into the session which row it has."""
    request.session[SESSION_KEY] = request.META[_ROW] = row.pk.hex


def visitor(request: HttpRequest) -> Any:
    """Return the user of the session, or nobody if the session has ended; then it is emptied."""
    user: Any = get_user(request)
    if request.META.get(_VISITOR) is not user:
        if isinstance(user, AbstractUser) and not _is_alive(request, user):
            request.session.flush()
            user = request._cached_user = AnonymousUser()  # type: ignore[attr-defined]
        request.META[_VISITOR] = user
    return user


async def avisitor(request: HttpRequest) -> Any:
    """Return what ``visitor`` does, from an async view: all its statements in one thread."""
    if _VISITOR not in request.META:
        # Without the cookie of a session there is nothing to ask a database for.
        if request.session.session_key is None:
            return visitor(request)
        await sync_to_async(visitor)(request)
    return request.META[_VISITOR]


def _is_alive(request: HttpRequest, user: AbstractUser) -> bool:
    key = request.session.get(SESSION_KEY)
    row = LoginSession.objects.filter(pk=key).order_by().first() if key else _adopt(request, user)
    if row is None or row.user_id != user.pk or row.ended_at:
        return False
    now = timezone.now()
    if row.is_over(now):
        # Written down, so that it does not begin to live again when a clock is set back.
        LoginSession.objects.filter(pk=row.pk).end()
        return False
    request.META[_ROW] = row.pk.hex
    if row.epoch != user.session_epoch:
        return _goes_on(request, user, row)
    return now - row.seen_at < _seen_every() or _is_noted(request, user, row)


def _is_noted(request: HttpRequest, user: AbstractUser, row: LoginSession) -> bool:
    """Write down that the session is used; say whether it still lives."""
    # Not by save(): what has ended meanwhile must not come back.
    live = LoginSession.objects.filter(pk=row.pk, ended_at=None)
    used = {"seen_at": timezone.now(), "epoch": user.session_epoch, **seen_by(request)}
    return bool(live.update(**used))


def _goes_on(request: HttpRequest, user: AbstractUser, row: LoginSession) -> bool:
    """
    Take up the epoch in which all others have ended: the hash in the session is right.

    Logins since then have not counted it among those that PER_USER allows.
    """
    if not conf.PER_USER:
        return _is_noted(request, user, row)
    with transaction.atomic():
        lock_logins(user)
        _is_noted(request, user, row)
        LoginSession.objects.end_oldest(user)
        return LoginSession.objects.filter(pk=row.pk, ended_at=None).exists()


def lock_logins(user: AbstractUser) -> None:
    """Have others wait, until the transaction ends, who log in as this user or end sessions."""
    users = get_user_model()._default_manager.select_for_update()
    list(users.filter(pk=user.pk).order_by().values_list("pk"))


def seen_by(request: HttpRequest) -> dict[str, Any]:
    """Return what a row says of the browser that used its session last."""
    return {"user_agent": agent_of(request), "client_address": client_address(request)}


def _seen_every() -> timedelta:
    return min(SEEN_EVERY, conf.IDLE_MAX_AGE / 10)


def _adopt(request: HttpRequest, user: AbstractUser) -> LoginSession:
    """
    Give a row to a session that has none: it began before the room was there, or by code.

    The key of the row hangs on that of the session: else a request in flight, which saves the
    session as it was without a row, would get a second row after the first one has ended.
    """
    salt = "django_useraccounts.sessions"
    key = request.session.session_key or ""
    digest = salted_hmac(salt, key, algorithm="sha256").digest()
    row, _is_new = LoginSession.objects.get_or_create(
        # With the bits of a random one: MariaDB refuses others.
        pk=uuid.UUID(bytes=digest[:16], version=4),
        defaults={
            "user": user,
            "epoch": user.session_epoch,
            "device_key": device_key(request),
            **seen_by(request),
        },
    )
    carry_row(request, row)
    trust_device(request, user)
    return row
