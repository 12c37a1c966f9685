"""A session ends: at once, for good, and whatever a request that is under way saves."""

from typing import Any

from django.contrib.auth import get_user_model, update_session_auth_hash
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest

from ... import signals
from ...devices import device_key, trust_device
from ...emails.flows.rows import locked
from ...models import AbstractUser, AccountEvent
from .. import signals as news
from ..keeping import SESSION_KEY, row_of
from ..models import LoginSession


def end_session(
    session: LoginSession, *, by: AbstractUser | None = None, request: HttpRequest | None = None
) -> bool:
    """
    End one session: at its next request its browser is nobody's. Return whether it went on.

    ``by`` is who does it, if not the user. One that has ended already stays as it is.
    """
    user: AbstractUser = session.user
    with transaction.atomic():
        if not LoginSession.objects.filter(pk=session.pk).end():
            return False
        details = {"began": session.started_at}
        AccountEvent.objects.record(
            "session_ended", user=user, actor=by or user, details=details, request=request
        )
        signals.send_on_commit(news.session_ended, user=user, session=session, request=request)
    return True


def end_other_sessions(user: AbstractUser, *, request: HttpRequest) -> None:
    """
    End every session of the user but that of ``request``, and every link that sets a password.

    Those that have no row end, too: it raises ``session_epoch``. Raises UserVanished, and
    SessionEnded if that of ``request`` was ended, with all others, since it was read.
    """
    with transaction.atomic():
        locked(user, request=request)
        users = get_user_model()._default_manager
        users.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)
        user.refresh_from_db(fields=["session_epoch"])
        rows, own = LoginSession.objects.filter(user=user), row_of(request) or None
        rows.exclude(pk=own).end()
        rows.filter(pk=own).update(epoch=user.session_epoch)
        AccountEvent.objects.record("other_sessions_ended", user=user, actor=user, request=request)
        signals.send_on_commit(news.other_sessions_ended, user=user, request=request)
        update_session_auth_hash(request, user)  # type: ignore[arg-type]
        # It trusts no browser any more but this one.
        trust_device(request, user)


def end_logged_out(*, request: HttpRequest | None, **kwargs: Any) -> None:
    """End the row of a session that ends itself; a receiver of Django's ``user_logged_out``."""
    # A copy of the session, which some request may save once more, is then worth nothing.
    if request is not None and (key := request.session.get(SESSION_KEY)):
        LoginSession.objects.filter(pk=key).end()


def forget_devices(user: AbstractUser, *, but: HttpRequest | None) -> None:
    """Know no browser any more, ``but`` that of a request if it was; see ``Room.lock_out``."""
    rows = LoginSession.objects.filter(user=user)
    if but is not None:
        rows = rows.exclude(device_key=device_key(but))
    rows.update(device_key="")
