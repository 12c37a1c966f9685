"""What the flows of this room share: the rows of one user, and who is told of a change."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from django.contrib.auth import get_user_model
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from ... import signals
from ...errors import SessionEnded, UserVanished
from ...identity import has_emails
from ...mail import announce
from ...models import AbstractUser, AccountEvent, OneTimeSecret, UserEmail
from ...secrets import UNDO_EMAIL_CHANGE, UNDO_MAX_AGE, Purpose, issue


def locked(user: AbstractUser, *, request: HttpRequest | None = None) -> AbstractUser:
    """
    Return the user as stored now; others who change the addresses of the user wait for us.

    Raises UserVanished, and SessionEnded for what a session of the user does after its end.
    """
    users = get_user_model()._default_manager
    fresh: AbstractUser | None = users.select_for_update().filter(pk=user.pk).first()
    if fresh is None:
        raise UserVanished
    refuse_ended(user, fresh, request=request)
    return fresh


def refuse_ended(user: AbstractUser, fresh: AbstractUser, *, request: HttpRequest | None) -> None:
    """
    Raise SessionEnded if ``user`` acts by a session, and all were ended since it was read.

    What a thief has sent a moment before he is locked out must not come to be after it.
    """
    is_own = request is not None and getattr(request, "user", None) == user
    if is_own and fresh.session_epoch != user.session_epoch:
        raise SessionEnded


def proved_of(user: AbstractUser) -> list[UserEmail]:
    """Return the proved addresses of ``user``, the primary one first, then by age."""
    rows = UserEmail.objects.confirmed().filter(user=user)
    return in_order(rows, user)


def in_order(rows: Iterable[UserEmail], user: AbstractUser) -> list[UserEmail]:
    """Return the proved ones of ``rows``, the primary one first, then by age."""
    proved = sorted((row for row in rows if row.is_confirmed), key=_rank)
    for row in proved:
        row.user = user  # type: ignore[assignment]
    return proved


def _rank(row: UserEmail) -> tuple[bool, float, int]:
    since = row.confirmed_at.timestamp() if row.confirmed_at else 0
    return not row.is_primary, since, row.pk


def is_own_act(user: AbstractUser, by: AbstractUser | None) -> bool:
    """Say whether ``user`` acts, and no administrator."""
    return by is None or by == user


def prove(address: UserEmail, *, is_first: bool, by_registering: bool = False) -> bool:
    """
    Turn a claim into a proved address, the primary one if it is the first of its user.

    ``by_registering`` says that nobody else can have been in. Return whether it still was a claim;
    IntegrityError if somebody else has proved it.
    """
    address.verified_key, address.confirmed_at = address.email_key, timezone.now()
    address.is_primary, address.is_owned = is_first or None, by_registering
    if not by_registering:
        # Where it is, a second click on "Register" still has to find it.
        address.registration_key = None
    fields = ("verified_key", "confirmed_at", "is_primary", "is_owned", "registration_key")
    claim = UserEmail.objects.claims().filter(pk=address.pk)
    return bool(claim.update(**{name: getattr(address, name) for name in fields}))


def note_way_in(user: AbstractUser, *, by: str) -> None:
    """
    Note that whoever reads the address with the key ``by`` was let in without a new password.

    That may be a thief, so that no other address is owned any more: the next reset by one of them
    puts everybody out once more.
    """
    others = UserEmail.objects.filter(user=user, is_owned=True).exclude(email_key=by)
    others.update(is_owned=False)


def note_reopened(
    user: AbstractUser, *, by: AbstractUser | None, request: HttpRequest | None
) -> None:
    """Note that a closed account is open again, and tell all its proved addresses."""
    AccountEvent.objects.record("account_reopened", user=user, actor=by, request=request)
    tell_all("account_reopened", user, request=request)
    signals.send_on_commit(signals.account_reopened, user=user, request=request)


def tell_all(kind: str, user: AbstractUser, *, request: HttpRequest | None) -> None:
    """Mail news to all proved addresses: whoever has stolen the account may own one of them."""
    for row in proved_of(user) if has_emails() else ():
        announce(kind, to=row.email, user=user, request=request)


def drop_claims(user: AbstractUser, *, request: HttpRequest | None = None) -> None:
    """
    Drop the addresses of ``user`` that wait for their proof, with their links, as removed ones.

    For who has just proved to be the owner of an account that a stranger may have been in: whoever
    has added an address of his own could prove it later, and come back by it.
    """
    take_off(UserEmail.objects.claims().filter(user=user), user, request=request)


def take_off(
    rows: Iterable[UserEmail],
    user: AbstractUser,
    *,
    but_tell_not_of: Collection[str] = (),
    request: HttpRequest | None = None,
) -> None:
    """Delete addresses of ``user`` that may be a stranger's, and name them in the history."""
    gone = list(rows)
    UserEmail.objects.filter(pk__in=[row.pk for row in gone]).delete()
    for row in gone:
        if row.email_key in but_tell_not_of:
            continue
        details = {"address": row.email}
        AccountEvent.objects.record("email_removed", user=user, details=details, request=request)
        signals.send_on_commit(signals.email_removed, user=user, address=row.email, request=request)


def release(address: UserEmail) -> bool:
    """
    Take an address off an account that was closed and can be opened no more; say whether it was so.

    Who has the mailbox now need not wait until that account is erased.
    """
    rows = UserEmail.objects.confirmed().addressed(address.email)
    owned = rows.filter(user__erase_at__lte=timezone.now()).select_related("user").first()
    if owned is None:
        return False
    with transaction.atomic():
        # Whoever is erased at this moment takes the address along: no event may tell of it then.
        users = get_user_model()._default_manager
        users.select_for_update().filter(pk=owned.user_id).first()
        if rows.filter(pk=owned.pk).delete()[0]:
            users.filter(pk=owned.user_id, email=owned.email).update(email="")
            details = {"address": owned.email}
            AccountEvent.objects.record("email_released", user=owned.user, details=details)
    return True


def set_primary(address: UserEmail, user: AbstractUser) -> None:
    """Make a proved address the primary one, and show it as ``user.email``."""
    rows = UserEmail.objects.filter(user=user)
    rows.filter(is_primary=True).update(is_primary=None)
    rows.filter(pk=address.pk).update(is_primary=True)
    address.is_primary, address.user = True, user  # type: ignore[assignment]
    address.copy_to_user()


def show(user: AbstractUser, fresh: AbstractUser) -> None:
    """Let the caller's user say what the row says now."""
    user.email = fresh.email
    user.forget_loaded()


def as_they_were(rows: Sequence[UserEmail]) -> str:
    """Return proved addresses, and since when they are proved, as an undo link carries them."""
    return "\n".join(
        f"{row.email} {row.confirmed_at or row.created_at:%Y-%m-%dT%H:%M:%S%z}" for row in rows
    )


def read_as_they_were(text: str) -> dict[str, datetime]:
    """Read what ``as_they_were`` wrote: addresses in order, each with the moment of its proof."""
    pairs = (line.split(" ") for line in text.split("\n"))
    return {email: datetime.fromisoformat(since) for email, since in pairs}


def tell_of_change(
    kind: str,
    told: Sequence[UserEmail],
    *,
    before: Sequence[UserEmail],
    about: UserEmail,
    by: AbstractUser | None,
    request: HttpRequest | None,
) -> None:
    """
    Mail news about the addresses of a user to those of them that are ``told``.

    ``before`` are the proved ones as they were, in order. With the mail goes a link that puts them
    back, but not after the act of ``by``, an administrator.
    """
    for row in told:
        secret = None
        if is_own_act(row.user, by):
            secret = link_to_take_back(UNDO_EMAIL_CHANGE, row, before=before)
        announce(
            kind, to=row.email, user=row.user, secret=secret, about=about.email, request=request
        )


def link_to_take_back(
    purpose: Purpose, row: UserEmail, *, before: Sequence[UserEmail]
) -> OneTimeSecret | None:
    """
    Issue a link to the address ``row`` that gives the account back, with the addresses ``before``.

    None for one whose reader may be a thief.
    """
    if not is_of_owner(row, before=before):
        return None
    return issue(purpose, address=row, pending=as_they_were(before))


def is_of_owner(row: UserEmail, *, before: Sequence[UserEmail]) -> bool:
    """
    Say whether a reader of the address ``row`` is believed to be the owner: not if it came lately.

    Else a thief could take back, by the address that he added, what the owner does. The oldest of
    all, ``before``, is believed whenever it came.
    """
    oldest = min(before, key=lambda row: _rank(row)[1:], default=None)
    ripe = timezone.now() - UNDO_MAX_AGE
    return row == oldest or row.confirmed_at is None or row.confirmed_at <= ripe
