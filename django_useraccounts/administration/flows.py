"""What administrators do to accounts: open them, switch them off, give rights, send a link."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.dispatch import Signal
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from .. import signals
from ..canonical import Name, clean_email, clean_username
from ..emails.flows import mail_link
from ..emails.flows.rows import locked
from ..errors import (
    EmailNotConfirmed,
    EmailTaken,
    LastSuperuser,
    MailNotGivenUp,
    UsernameTaken,
    ValueTaken,
)
from ..identity import has_emails
from ..limits import spend
from ..mail import announce, send_again
from ..models import (
    AbstractUser,
    AccountEvent,
    OldUsername,
    OutgoingMail,
    UndeliverableAddress,
    UserEmail,
)
from ..roles.flows import grant_default_roles
from ..secrets import RESET_PASSWORD, issue
from ..undeliverable import heal


def add_user(
    username: str | None = None,
    *,
    email: str | None = None,
    confirmed: bool = False,
    fields: Mapping[str, object] | None = None,
    by: AbstractUser | None = None,
    request: HttpRequest | None = None,
) -> AbstractUser:
    """
    Open an account without password for somebody, who is told by mail how to get in.

    With ``confirmed`` the caller vouches for the address, and its mail carries a link that sets the
    first password; else one that confirms the address. ``fields`` are columns of the user model.
    Raises UsernameTaken, ValueTaken, InvalidUsername, InvalidEmail and EmailTaken.
    """
    name = clean_username(username or "") if username or not email else None
    to = clean_email(email) if email else None
    user = get_user_model()(**fields or {})
    user.username = name.text if name else None
    user.set_unusable_password()
    with transaction.atomic():
        _save_new(user, name, fields)
        if name and OldUsername.objects.reserved().filter(username_key=name.key).exists():
            raise UsernameTaken
        if to:
            _give_address(user, to.text, confirmed=confirmed, request=request)
        details = {"address": to.text, "confirmed": confirmed} if to else {}
        grant_default_roles(user, request=request)
        _note("user_added", signals.user_added, user, by=by, details=details, request=request)
    return user


def _save_new(user: AbstractUser, name: Name | None, fields: Mapping[str, object] | None) -> None:
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:
        # Which of the unique columns it is tells each database in its own way.
        users = get_user_model()._default_manager
        is_name = name and users.filter(username_key=name.key).exists()
        raise ValueTaken if fields and not is_name else UsernameTaken from None


def _give_address(
    user: AbstractUser, email: str, *, confirmed: bool, request: HttpRequest | None
) -> None:
    if UserEmail.objects.confirmed().addressed(email).exists():
        raise EmailTaken
    if not confirmed:
        mail_link(UserEmail.objects.add_claim(user, email), request=request)
        return
    try:
        address = UserEmail.objects.add_proved_primary(user, email)
    except IntegrityError:
        # Somebody has proved it at this very moment.
        raise EmailTaken from None
    secret = issue(RESET_PASSWORD, address=address)
    announce("account_opened", to=address.email, user=user, secret=secret, request=request)


def send_password_link(
    user: AbstractUser, *, by: AbstractUser | None = None, request: HttpRequest | None = None
) -> None:
    """
    Mail a link that sets a password to the primary address of ``user``.

    Raises EmailNotConfirmed when there is none or the account is switched off, and TooManyAttempts,
    so that no administrator floods a mailbox either.
    """
    primary = UserEmail.objects.not_gone().filter(is_primary=True, user__is_active=True)
    address = primary.filter(user=user).first()
    nowhere = EmailNotConfirmed(
        _("There is no confirmed e-mail address to send a link to.")
        if user.is_active
        else _("The account was switched off.")
    )
    if address is None or not has_emails():
        raise nowhere
    # No limit for the client: that is the administrator, who may have many to write to.
    spend("reset", identifier=address.email_key, request=None)
    with transaction.atomic():
        # Its user may have made another one the primary at this very moment.
        locked(user)
        address = primary.filter(user=user).first()
        if address is None:
            raise nowhere
        secret = issue(RESET_PASSWORD, address=address)
        announce("reset_password", to=address.email, user=user, secret=secret, request=request)
        AccountEvent.objects.record("password_link_sent", user=user, actor=by, request=request)


def send_mail_again(
    mail: OutgoingMail, *, by: AbstractUser | None = None, request: HttpRequest | None = None
) -> None:
    """Try a mail that was given up once more, with all its attempts; raises MailNotGivenUp."""
    with transaction.atomic():
        if not send_again(mail):
            raise MailNotGivenUp
        # Of no account: no erasure would find an address there.
        details = {"kind": mail.kind, "to": mail.to} if mail.user else {"kind": mail.kind}
        AccountEvent.objects.record(
            "mail_sent_again", user=mail.user, actor=by, details=details, request=request
        )


def let_mail_through(
    address: UndeliverableAddress,
    *,
    by: AbstractUser | None = None,
    request: HttpRequest | None = None,
) -> None:
    """Let mail go to an address again that is known to take none; its owner keeps the account."""
    with transaction.atomic():
        owner = UserEmail.objects.filter(verified_key=address.email_key).first()
        if heal(address.email_key) and owner:
            details = {"address": owner.email}
            AccountEvent.objects.record(
                "mail_let_through", user=owner.user, actor=by, details=details, request=request
            )


def switch_off(
    user: AbstractUser,
    *,
    by: AbstractUser | None = None,
    reason: str = "",
    request: HttpRequest | None = None,
) -> None:
    """
    Let nobody log in to the account any more; its sessions end at once.

    So do its links to set a password; no other one works while it is off. An account that is off
    stays off without another event. Raises LastSuperuser, UserVanished, and SessionEnded for what a
    session of the user does after its end.
    """
    with transaction.atomic():
        keep_a_superuser(user)
        fresh = locked(user, request=request)
        if fresh.is_active:
            fresh.is_active, fresh.session_epoch = False, fresh.session_epoch + 1
            _write(fresh, "is_active", "session_epoch")
            details = {"reason": reason}
            _note(
                "switched_off", signals.switched_off, user, by=by, details=details, request=request
            )
    user.is_active, user.session_epoch = fresh.is_active, fresh.session_epoch


def switch_on(
    user: AbstractUser,
    *,
    by: AbstractUser | None = None,
    reason: str = "",
    request: HttpRequest | None = None,
) -> None:
    """Let the user of an account that is switched off log in again; raises UserVanished."""
    with transaction.atomic():
        fresh = locked(user)
        if not fresh.is_active:
            fresh.is_active = True
            _write(fresh, "is_active")
            details = {"reason": reason}
            _note("switched_on", signals.switched_on, user, by=by, details=details, request=request)
    user.is_active = True


def end_sessions(
    user: AbstractUser, *, by: AbstractUser | None = None, request: HttpRequest | None = None
) -> None:
    """
    End every session of ``user``, that of ``request`` included, and every reset link.

    Raises UserVanished, and SessionEnded for what a session of the user does after its end.
    """
    with transaction.atomic():
        fresh = locked(user, request=request)
        fresh.session_epoch += 1
        _write(fresh, "session_epoch")
        _note("sessions_ended", signals.sessions_ended, user, by=by, request=request)
    user.session_epoch = fresh.session_epoch


def change_rights(
    user: AbstractUser,
    changes: Mapping[str, Any],
    *,
    by: AbstractUser | None = None,
    request: HttpRequest | None = None,
) -> None:
    """
    Set what ``user`` may do in the administration: columns and relations of RIGHTS, by name.

    The event tells what was given and taken. Raises LastSuperuser; who may do this is for the
    caller to know.
    """
    with transaction.atomic():
        # Without is_staff a superuser does not get into the administration to manage anything.
        if False in (changes.get("is_superuser"), changes.get("is_staff")):
            keep_a_superuser(user)
        users = get_user_model()._default_manager
        fresh = users.select_for_update().get(pk=user.pk)
        details = {
            name: change
            for name, value in changes.items()
            if (change := _change_right(fresh, name, value))
        }
        if details:
            fresh.save(update_fields=["is_staff", "is_superuser"])
            _note(
                "rights_changed",
                signals.rights_changed,
                user,
                by=by,
                details=details,
                request=request,
            )
    user.is_staff, user.is_superuser = fresh.is_staff, fresh.is_superuser


#: What ``change_rights`` changes: whether, and by which groups and permissions.
RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")


def _change_right(user: AbstractUser, name: str, value: Any) -> dict[str, object]:
    """Change one right, and return what it was and is, or {} for no change."""
    if name not in RIGHTS:
        raise ValueError(f"{name} is none of {', '.join(RIGHTS)}.")
    if isinstance(value, bool):
        before = getattr(user, name)
        setattr(user, name, value)
        return {"from": before, "to": value} if before != value else {}
    relation = getattr(user, name)
    has, gets = set(relation.all()), set(value)
    relation.set(gets)
    change = {"given": gets - has, "taken": has - gets}
    return {word: sorted(map(str, rows)) for word, rows in change.items() if rows}


def keep_a_superuser(user: AbstractUser) -> None:
    """
    Raise LastSuperuser if there is no other, or no other who gets into the administration.

    Of two who go at once, the second one waits. Who is none waits for nobody, and becomes none
    before the end of the transaction.
    """
    users = get_user_model()._default_manager.all()
    own = users.select_for_update().filter(pk=user.pk).values_list("is_superuser", flat=True)
    if not (user.is_superuser or any(own)):
        return
    rows = users.filter(is_superuser=True, is_active=True, erase_at=None).select_for_update()
    is_staff = dict(rows.order_by("pk").values_list("pk", "is_staff"))
    if [user.pk] in (list(is_staff), [key for key in is_staff if is_staff[key]]):
        raise LastSuperuser


def _write(user: AbstractUser, *columns: str) -> None:
    """Write columns of a user who is locked."""
    rows = get_user_model()._default_manager.filter(pk=user.pk)
    rows.update(**{column: getattr(user, column) for column in columns})


def _note(
    kind: str,
    signal: Signal,
    user: AbstractUser,
    *,
    by: AbstractUser | None,
    details: Mapping[str, object] | None = None,
    request: HttpRequest | None,
) -> None:
    """Write down what was done to an account, and tell the receivers of its signal."""
    AccountEvent.objects.record(kind, user=user, actor=by, details=details, request=request)
    signals.send_on_commit(signal, user=user, request=request)
