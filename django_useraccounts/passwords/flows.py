"""Change a password, and get back in without it."""

from collections.abc import Sequence

from django.contrib.auth import get_user_model, update_session_auth_hash
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import password_changed as tell_validators
from django.db import transaction
from django.db.models import Case, DateTimeField, F, When
from django.dispatch import Signal
from django.http import HttpRequest
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from .. import signals
from ..canonical import clean_email
from ..compiled import Slot, compiled
from ..credentials import check_own_password
from ..devices import trust_device
from ..emails.flows import drop_claims, proved_of
from ..emails.flows.rows import is_of_owner
from ..emails.flows.undoing import mail_undo_link_again, open_undo_link
from ..errors import LinkUsed, PasswordAlreadySet, WrongPassword
from ..identity import has_emails
from ..limits import spend
from ..mail import announce
from ..models import AbstractUser, AccountEvent, OneTimeSecret, UserEmail
from ..models.emails import UserEmailQuerySet
from ..proof import stamp_proof
from ..room import lock_out_of_rooms
from ..secrets import RESET_PASSWORD, issue, redeem


@sensitive_variables()
def change_password(
    user: AbstractUser,
    *,
    old_password: str,
    new_password: str,
    request: HttpRequest | None = None,
) -> None:
    """
    Set a new password for somebody who knows the old one.

    Every other session and every reset link of the user ends; the session of ``request`` goes on.
    The user is told by mail. No validator is asked: who calls it does that before, by
    Django's ``validate_password``. Raises WrongPassword and TooManyAttempts.
    """
    check_own_password(user, old_password, request=request)
    password_hash = make_password(new_password)
    with transaction.atomic():
        # Of two changes at once, the one that read the older password does nothing.
        if not _set_password(user, password_hash, epoch=user.session_epoch):
            raise WrongPassword
        _tell(
            "password_changed",
            signals.password_changed,
            user,
            to=_primary_of(user),
            request=request,
        )
        _go_on(user, request=request)
    tell_validators(new_password, user)  # type: ignore[arg-type]


@sensitive_variables()
def set_password(
    user: AbstractUser, *, new_password: str, request: HttpRequest | None = None
) -> None:
    """
    Set the first password of somebody who has none and logs in by another way.

    Every other session and every reset link of the user ends; the session of ``request`` goes on.
    The user is told by mail. No validator is asked, as by ``change_password``. Raises
    PasswordAlreadySet.
    """
    if user.has_usable_password():
        raise PasswordAlreadySet
    password_hash = make_password(new_password)
    with transaction.atomic():
        if not _set_password(user, password_hash, epoch=user.session_epoch):
            raise PasswordAlreadySet
        _tell("password_set", signals.password_set, user, to=_primary_of(user), request=request)
        _go_on(user, request=request)
    tell_validators(new_password, user)  # type: ignore[arg-type]


def forgot_password(email: str, *, next_url: str = "", request: HttpRequest | None = None) -> None:
    """
    Mail a link that sets a new password to a proved address; older ones for it stop working.

    Any other address gets a mail, too, which says that there is nothing to reset, or, if it was
    taken off an account lately, the link that puts it back once more: so the page cannot tell them
    apart, nor can a clock. Raises TooManyAttempts and InvalidEmail.
    """
    to = clean_email(email)
    spend("reset", identifier=to.key, request=request)
    with transaction.atomic():
        statement = compiled(_of_owner, UserEmail)
        owned: UserEmail | None = statement.first(key=to.key, moment=timezone.now())
        address = owned if owned and owned.user.is_active else None
        # Asked whether there is an address or not, as the row of a link is written.
        undo = open_undo_link(to.key)
        secret = issue(RESET_PASSWORD, address=address, next_url=next_url)
        if address:
            # To the stored address, never to what was typed: equal keys may be spelled apart.
            announce(
                "reset_password",
                to=address.email,
                user=address.user,
                secret=secret,
                request=request,
            )
        elif undo and not owned:
            # Told to register anew, the owner would prove the address for another account, and
            # leave this one to the thief.
            mail_undo_link_again(undo, request=request)
        else:
            announce("no_account", to=to.text, request=request)
        user = address.user if address else None
        AccountEvent.objects.record("password_link_requested", user=user, request=request)


def _of_owner(addresses: UserEmailQuerySet) -> UserEmailQuerySet:
    key = Slot("key", UserEmail._meta.get_field("verified_key"))
    moment = Slot("moment", DateTimeField())
    return addresses.not_gone(moment).filter(verified_key=key).select_related("user")


@sensitive_variables()
def reset_password(
    secret: OneTimeSecret, *, new_password: str, request: HttpRequest | None = None
) -> AbstractUser:
    """
    Set the password of the user whom a mailed link has proved; logs nobody in.

    Every session and every other reset link ends, and what a stranger may have left is dropped:
    claims of addresses that nobody has proved, and what rooms let in by; the history names each.
    The user is told by mail, at each proved address. No validator is asked, as by
    ``change_password``. Raises LinkUsed.
    """
    user: AbstractUser = secret.user  # type: ignore[assignment]
    password_hash = make_password(new_password)
    with transaction.atomic():
        redeem(secret)
        if not _set_password(user, password_hash, epoch=secret.epoch):
            raise LinkUsed
        # Now that the user is locked: of an address that goes at this moment nobody is told.
        own = proved_of(user)
        proved = next((row for row in own if row.pk == secret.address_id), None)
        if proved is None:
            raise LinkUsed
        drop_claims(user, request=request)
        if not proved.is_owned:
            _lock_others_out(proved, own, request=request)
        # Each of them: else who reads one mailbox, and is a thief, would read the news alone.
        told = [row.email for row in own]
        _tell("password_reset", signals.password_reset, user, to=told, request=request)
    if request is not None:
        # Whoever goes on to use up all attempts at the account does not keep its owner out.
        trust_device(request, user)
    tell_validators(new_password, user)  # type: ignore[arg-type]
    return user


def _lock_others_out(
    proved: UserEmail, own: Sequence[UserEmail], *, request: HttpRequest | None
) -> None:
    """
    Have rooms let nobody in any more; the link went to ``proved``, which is one of the ``own``.

    Who had registered with the address of somebody else still has the password when she has proved
    it, and can connect himself, and prove addresses of his own: only her first reset, by a link to
    this very address, puts him out. It does so anew after one by another address, which may be his.
    """
    user: AbstractUser = proved.user
    # His browser does not stay known.
    keep_browser = is_of_owner(proved, before=own)
    lock_out_of_rooms(user, keep_browser=keep_browser, request=request)
    is_this = Case(When(pk=proved.pk, then=True), default=False)
    UserEmail.objects.filter(user=user).update(is_owned=is_this)


def _tell(
    kind: str,
    signal: Signal,
    user: AbstractUser,
    *,
    to: Sequence[str],
    request: HttpRequest | None,
) -> None:
    """Record a new password, tell the user by mail, and others by signal."""
    AccountEvent.objects.record(kind, user=user, actor=user, request=request)
    for email in to if has_emails() else ():
        # The template asks by the kind whether there was an old one.
        announce("password_changed", to=email, user=user, what=kind, request=request)
    signals.send_on_commit(signal, user=user, request=request)


def _primary_of(user: AbstractUser) -> list[str]:
    return [user.email] if user.email else []


def _go_on(user: AbstractUser, *, request: HttpRequest | None) -> None:
    """
    Keep the session in which the password was set, although all others end.

    In the transaction of the password: a session that cannot be written must not leave a new
    password to somebody who reads that nothing was changed, and whom no session lets in.
    """
    if request is not None:
        update_session_auth_hash(request, user)  # type: ignore[arg-type]
        stamp_proof(request)
        # It trusts no browser any more but the one that has set it.
        trust_device(request, user)


def _set_password(user: AbstractUser, password_hash: str, *, epoch: int) -> bool:
    """Set hash and next epoch, if it still is ``epoch``; raising it ends sessions and links."""
    row = get_user_model()._default_manager.filter(pk=user.pk, session_epoch=epoch, is_active=True)
    if not row.update(password=password_hash, session_epoch=F("session_epoch") + 1):
        return False
    user.password, user.session_epoch = password_hash, epoch + 1
    user.note_stored_password()
    return True
