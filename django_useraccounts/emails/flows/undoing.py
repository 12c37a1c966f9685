"""Take back what was done to the addresses of an account by somebody who was not its owner."""

from collections.abc import Mapping
from datetime import datetime

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.db.models import DateTimeField, F, Q, QuerySet
from django.dispatch import Signal
from django.http import HttpRequest
from django.utils import timezone

from ... import signals
from ...canonical import email_key
from ...compiled import Slot, compiled
from ...errors import EmailTaken, LinkUsed
from ...mail import announce
from ...models import AbstractUser, AccountEvent, OneTimeSecret, UserEmail
from ...room import lock_out_of_rooms
from ...secrets import RESET_PASSWORD, UNDO_EMAIL_CHANGE, issue, redeem
from .rows import locked, note_reopened, read_as_they_were, set_primary, take_off


def addresses_before(secret: OneTimeSecret) -> dict[str, datetime]:
    """
    Return the addresses that an undo link puts back, primary first, and when each was proved.

    They are those before the first change that its reader was told of and can still undo: a thief
    who makes several changes is not left with what he had reached by the last but one.
    """
    links = OneTimeSecret.objects.filter(
        purpose=UNDO_EMAIL_CHANGE.name,
        user=secret.user,
        email_key=secret.email_key,
        redeemed_at=None,
        expires_at__gt=timezone.now(),
        created_at__lte=secret.created_at,
    )
    oldest = links.order_by("created_at").first() or secret
    return read_as_they_were(oldest.pending)


def open_undo_link(key: str) -> OneTimeSecret | None:
    """
    Return the newest link that puts the address with this key back, if one still can.

    For who asks for the address when it is on no account any more: a thief may have taken it off.
    """
    statement = compiled(_undoing, OneTimeSecret)
    link: OneTimeSecret | None = statement.first(key=key, moment=timezone.now())
    return link


def _undoing(links: QuerySet[OneTimeSecret]) -> QuerySet[OneTimeSecret]:
    moment = Slot("moment", DateTimeField())
    return (
        links.filter(
            Q(user__erase_at=None) | Q(user__erase_at__gt=moment),
            email_key=Slot("key", OneTimeSecret._meta.get_field("email_key")),
            purpose=UNDO_EMAIL_CHANGE.name,
            redeemed_at=None,
            found_expired_at=None,
            expires_at__gt=moment,
            user__is_active=True,
        )
        .select_related("user")
        .order_by("-created_at")[:1]
    )


def mail_undo_link_again(secret: OneTimeSecret, *, request: HttpRequest | None = None) -> None:
    """Mail a link that ``open_undo_link`` has found once more, to the address that it puts back."""
    before = (line.partition(" ")[0] for line in secret.pending.split("\n"))
    # Without ado: by how long this takes, a stranger could tell that there is such a link.
    to = next(text for text in before if text.lower() == secret.email_key)
    announce("email_removed", to=to, user=secret.user, secret=secret, about=to, request=request)


def undo_email_change(
    secret: OneTimeSecret, *, request: HttpRequest | None = None
) -> OneTimeSecret | None:
    """
    Put the addresses of an account back, for a reader of one who says: this was not me.

    See ``take_back``, whose answer it returns.
    """
    signal = signals.email_change_undone
    return take_back(secret, kind="email_change_undone", signal=signal, request=request)


def take_back(
    secret: OneTimeSecret, *, kind: str, signal: Signal, request: HttpRequest | None
) -> OneTimeSecret | None:
    """
    Give an account back to the reader of a link that ``link_to_take_back`` has made.

    Addresses that came since are removed, claims dropped, all sessions and links end, the password
    stops working, and an account that the thief has closed is open again. Each address that was put
    back is mailed a link that sets a new one; the one for the reader's own address is returned, if
    that is among them. ``kind`` is that of the mail and of the event. Raises LinkUsed, and
    EmailTaken when all of the addresses belong to other accounts by now.
    """
    reader_key = secret.email_key
    try:
        with transaction.atomic():
            user = locked(secret.user)  # type: ignore[arg-type]
            before = addresses_before(secret)
            redeem(secret)
            if user.is_gone:
                raise LinkUsed
            was_closed = user.is_closed
            rows = _put_back(user, before, request=request)
            _lock_out(user, request=request)
            links = {row.email_key: issue(RESET_PASSWORD, address=row) for row in rows}
            for row in rows:
                link = links[row.email_key]
                announce(kind, to=row.email, user=user, secret=link, request=request)
            details = {"addresses": [row.email for row in rows]}
            AccountEvent.objects.record(kind, user=user, details=details, request=request)
            signals.send_on_commit(signal, user=user, request=request)
            if was_closed:
                note_reopened(user, by=None, request=request)
    except IntegrityError:
        # Somebody has proved one of them at this very moment.
        raise EmailTaken from None
    return links.get(reader_key)


def _put_back(
    user: AbstractUser, before: Mapping[str, datetime], *, request: HttpRequest | None
) -> list[UserEmail]:
    """Leave the user with these proved addresses, short of those that others have proved."""
    keys = {email_key(text): text for text in before}
    owned = UserEmail.objects.filter(verified_key__in=keys).exclude(user=user)
    for key in owned.values_list("verified_key", flat=True):
        del keys[str(key)]
    if not keys:
        raise EmailTaken
    mine = UserEmail.objects.filter(user=user)
    # A claim of one that is put back goes, too, and its address does not.
    gone = mine.exclude(verified_key__in=keys)
    take_off(gone, user, but_tell_not_of=keys, request=request)
    here = {row.email_key: row for row in mine}
    rows = [
        here.get(key) or UserEmail.objects.add_proved(user, text, confirmed_at=before[text])
        for key, text in keys.items()
    ]
    for row in rows:
        row.user = user  # type: ignore[assignment]
    set_primary(rows[0], user)
    return rows


def _lock_out(user: AbstractUser, *, request: HttpRequest | None) -> None:
    """End what the thief has: sessions, the password, links, undo links of his own, the closing."""
    users = get_user_model()._default_manager.filter(pk=user.pk)
    epoch = F("session_epoch") + 1
    users.update(password=make_password(None), session_epoch=epoch, erase_at=None)
    user.refresh_from_db(fields=["password", "session_epoch", "erase_at"])
    links = OneTimeSecret.objects.filter(user=user, redeemed_at=None)
    links.update(redeemed_at=timezone.now())
    lock_out_of_rooms(user, request=request)
