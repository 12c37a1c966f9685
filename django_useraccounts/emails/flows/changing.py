"""Add an address, make one the primary one, remove one."""

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ... import signals
from ...canonical import Name, clean_email
from ...conf import conf
from ...errors import (
    EmailAlreadyYours,
    EmailNotConfirmed,
    EmailTaken,
    LastEmail,
    TooManyEmails,
)
from ...identity import has_one_email
from ...limits import spend
from ...models import AbstractUser, AccountEvent, UserEmail
from .confirming import mail_link
from .rows import in_order, is_own_act, locked, prove, proved_of, set_primary, show, tell_of_change


def add_email(
    user: AbstractUser,
    email: str,
    *,
    confirmed: bool = False,
    by: AbstractUser | None = None,
    next_url: str = "",
    request: HttpRequest | None = None,
) -> UserEmail:
    """
    Write down another address of ``user``, and mail the link that confirms it.

    Where EMAILS_PER_USER is 1, it takes the place of another one that waits, and of the confirmed
    one when it is confirmed itself. ``by`` is who does it, if not the user. With ``confirmed`` the
    caller vouches for the address: it is proved without a mail, an own one that waits included, and
    primary if there is none yet.

    To the user nothing tells that somebody else has proved the address; its owner is told by mail.
    Raises InvalidEmail, EmailAlreadyYours, for users who do it themselves TooManyAttempts and
    TooManyEmails, and EmailTaken when an administrator does it or vouches for it.
    """
    to = clean_email(email)
    is_own = is_own_act(user, by)
    if is_own and not confirmed:
        spend("mail", identifier=to.key, request=request)
    try:
        with transaction.atomic():
            fresh = locked(user, request=request)
            own, owner = _own_and_owner(fresh, to)
            claim = _own_claim(own, to, is_wanted=confirmed)
            if owner and (confirmed or not is_own):
                raise EmailTaken
            address = claim or _new_claim(fresh, own, to, is_limited=is_own)
            address.user = fresh  # type: ignore[assignment]
            if confirmed:
                _vouch_for(address, own)
            else:
                mail_link(address, owner=owner, next_url=next_url, request=request)
            before = in_order(own, fresh)
            _tell_of(address, before, is_new=claim is None, by=by, request=request)
    except IntegrityError:
        # The unique verified_key: somebody has proved it at this very moment.
        raise EmailTaken from None
    show(user, fresh)
    return address


def make_primary(
    address: UserEmail, *, by: AbstractUser | None = None, request: HttpRequest | None = None
) -> None:
    """
    Send the mail of a user to this proved address from now on, and show it as ``user.email``.

    The other proved addresses are told by mail, with a link that undoes it. ``by`` is who does it,
    if not the user. Raises EmailNotConfirmed.
    """
    user: AbstractUser = address.user
    with transaction.atomic():
        fresh = locked(user, request=request)
        before = proved_of(fresh)
        row = next((row for row in before if row.pk == address.pk), None)
        if row is None:
            raise EmailNotConfirmed(
                _("Only a confirmed e-mail address can be the primary one. Confirm it first.")
            )
        if row.is_primary:
            return
        previous = before[0].email if before[0].is_primary else None
        set_primary(row, fresh)
        details = {"from": previous, "to": row.email}
        AccountEvent.objects.record(
            "primary_email_changed", user=user, actor=by or user, details=details, request=request
        )
        tell_of_change(
            "primary_email_changed",
            [other for other in before if other.pk != row.pk],
            before=before,
            about=row,
            by=by,
            request=request,
        )
        signals.send_on_commit(signals.primary_email_changed, user=user, email=row, request=request)
    address.is_primary = True
    show(user, fresh)


def remove_email(
    address: UserEmail, *, by: AbstractUser | None = None, request: HttpRequest | None = None
) -> None:
    """
    Take an address off its account, with every link that was mailed to it.

    When it was the primary one, the address that has been proved longest takes its place. All
    proved addresses are told by mail, the removed one included, with a link that undoes it; of a
    claim nobody is told, since it was never part of the account. ``by`` is who does it, if not the
    user. Raises LastEmail: an account keeps one proved address.
    """
    user: AbstractUser = address.user
    with transaction.atomic():
        fresh = locked(user, request=request)
        row = UserEmail.objects.filter(pk=address.pk, user=fresh).first()
        if row is None:
            return  # the second of two clicks
        before = proved_of(fresh)
        if row.is_confirmed and len(before) == 1:
            raise LastEmail
        _take_off(row, before)
        details = {"address": row.email}
        AccountEvent.objects.record(
            "email_removed", user=user, actor=by or user, details=details, request=request
        )
        tell_of_change(
            "email_removed",
            # Not of a claim: it may be the address of a stranger, who never asked for any mail.
            before if row.is_confirmed else [],
            before=before,
            about=row,
            by=by,
            request=request,
        )
        signals.send_on_commit(signals.email_removed, user=user, address=row.email, request=request)
    show(user, fresh)


def _own_and_owner(user: AbstractUser, to: Name) -> tuple[list[UserEmail], UserEmail | None]:
    """Return the addresses of ``user``, and who else has proved ``to``, in one statement."""
    owner = UserEmail.objects.confirmed().not_gone().addressed(to.text).order_by()
    rows = list(UserEmail.objects.filter(user=user).order_by().union(owner))
    own = [row for row in rows if row.user_id == user.pk]
    return own, next((row for row in rows if row.user_id != user.pk), None)


def _own_claim(own: list[UserEmail], to: Name, *, is_wanted: bool) -> UserEmail | None:
    address = next((row for row in own if row.email_key == to.key), None)
    if address and (address.is_confirmed or not is_wanted):
        raise EmailAlreadyYours
    return address


def _new_claim(
    user: AbstractUser, own: list[UserEmail], to: Name, *, is_limited: bool
) -> UserEmail:
    """Write down a claim; raise TooManyEmails beyond the limit. Of one, a waiting one gives way."""
    if is_limited and has_one_email():
        UserEmail.objects.claims().filter(user=user).delete()
    elif is_limited and len(own) >= conf.EMAILS_PER_USER:
        raise TooManyEmails(conf.EMAILS_PER_USER)
    return UserEmail.objects.add_claim(user, to.text)


def _tell_of(
    address: UserEmail,
    before: list[UserEmail],
    *,
    is_new: bool,
    by: AbstractUser | None,
    request: HttpRequest | None,
) -> None:
    user: AbstractUser = address.user
    details = {"address": address.email, "confirmed": address.is_confirmed}
    kind = "email_added" if is_new else "email_confirmed"
    actor = by if address.is_confirmed else by or user
    AccountEvent.objects.record(kind, user=user, actor=actor, details=details, request=request)
    if is_new:
        signals.send_on_commit(signals.email_added, user=user, email=address, request=request)
    if address.is_confirmed:
        # Whoever proves an address can have a password mailed to it: the owner has to know.
        tell_of_change("email_added", before, before=before, about=address, by=by, request=request)
        signals.send_on_commit(signals.email_confirmed, user=user, email=address, request=request)


def _vouch_for(address: UserEmail, own: list[UserEmail]) -> None:
    """Make a claim a proved address on somebody's word, the primary one if there is none yet."""
    is_first = not any(row.is_primary for row in own)
    prove(address, is_first=is_first)
    if is_first:
        address.copy_to_user()


def _take_off(row: UserEmail, before: list[UserEmail]) -> None:
    """Delete the row; the longest proved of the others follows a primary one."""
    UserEmail.objects.filter(pk=row.pk).delete()
    heir = next((other for other in before if other.pk != row.pk), None)
    if row.is_primary and heir:
        set_primary(heir, heir.user)
