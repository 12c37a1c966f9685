"""
Log in, log out, and prove once more who is at the browser.

And who may log in at all: what administrators do to accounts.
"""

from collections.abc import Mapping
from typing import Any

from django.contrib import auth
from django.db import IntegrityError, transaction
from django.db.models import F
from django.dispatch import Signal
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from .. import signals
from ..browser import browser_key
from ..canonical import clean_email, clean_username
from ..conf import conf
from ..credentials import check_own_password
from ..emails.flows import note_browser
from ..errors import (
    EmailNotConfirmed,
    EmailTaken,
    LastSuperuser,
    UsernameTaken,
    WrongCredentials,
)
from ..identity import has_emails, login_names
from ..limits import spend
from ..mail import announce
from ..models import AbstractUser, AccountEvent, OldUsername, UserEmail
from ..proof import stamp_proof
from ..secrets import CONFIRM_EMAIL, RESET_PASSWORD, issue

#: What does not match, by what people log in by.
_WRONG = {
    ("username",): _("The username and the password do not match."),
    ("email",): _(
        "The e-mail address and the password do not match. "
        "If you have just registered, confirm your e-mail address first."
    ),
    ("username", "email"): WrongCredentials.sentence,
}


@sensitive_variables()
def log_in(
    identifier: str,
    *,
    password: str,
    remember: bool = False,
    browser_token: str = "",
    request: HttpRequest,
) -> AbstractUser:
    """
    Log the browser in as the user of a username or proved address.

    With ``remember`` for SESSION_COOKIE_AGE, else until the browser is closed. Raises
    TooManyAttempts, WrongCredentials (the same for every reason a stranger could learn from), and
    EmailNotConfirmed to somebody who has given the right password; ``browser_token`` then tells
    whose confirmation mail this browser may ask for.
    """
    user: Any = auth.authenticate(request, username=identifier, password=password)
    if user is None:
        raise WrongCredentials(_WRONG[login_names()])
    if has_emails() and conf.CONFIRM_EMAIL_BEFORE_LOGIN and not user.has_confirmed_email:
        note_browser(user, browser_key(browser_token))
        raise EmailNotConfirmed
    with transaction.atomic():
        auth.login(request, user)
        request.session.set_expiry(None if remember else 0)
    logged_in: AbstractUser = user
    return logged_in


def record_login(*, request: HttpRequest, user: AbstractUser, **kwargs: Any) -> None:
    """Write down a login, whichever page did it; a receiver of Django's ``user_logged_in``."""
    stamp_proof(request)
    AccountEvent.objects.record("logged_in", user=user, actor=user, request=request)


def log_out(*, request: HttpRequest) -> None:
    """End the session of this browser, with everything in it."""
    user = request.user
    with transaction.atomic():
        if isinstance(user, AbstractUser):
            AccountEvent.objects.record("logged_out", user=user, actor=user, request=request)
        auth.logout(request)


@sensitive_variables()
def confirm_identity(user: AbstractUser, *, password: str, request: HttpRequest) -> None:
    """Note that the person at this browser has just given the password; raises WrongPassword."""
    check_own_password(user, password, request=request)
    stamp_proof(request)
    AccountEvent.objects.record("identity_confirmed", user=user, actor=user, request=request)


# What administrators do


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
    Raises UsernameTaken, InvalidUsername, InvalidEmail and EmailTaken.
    """
    name = clean_username(username or "") if username or not email else None
    to = clean_email(email) if email else None
    user = auth.get_user_model()(**fields or {})
    user.username = name.text if name else None
    user.set_unusable_password()
    with transaction.atomic():
        _save_new(user)
        if name and OldUsername.objects.reserved().filter(username_key=name.key).exists():
            raise UsernameTaken
        if to:
            _give_address(user, to.text, confirmed=confirmed, request=request)
        details = {"address": to.text, "confirmed": confirmed} if to else {}
        _note("user_added", signals.user_added, user, by=by, details=details, request=request)
    return user


def _save_new(user: AbstractUser) -> None:
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:
        raise UsernameTaken from None


def _give_address(
    user: AbstractUser, email: str, *, confirmed: bool, request: HttpRequest | None
) -> None:
    if UserEmail.objects.confirmed().addressed(email).exists():
        raise EmailTaken
    if not confirmed:
        claim = UserEmail.objects.add_claim(user, email)
        secret = issue(CONFIRM_EMAIL, address=claim)
        announce("confirm_email", to=claim.email, user=user, secret=secret, request=request)
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
    address = UserEmail.objects.filter(user=user, is_primary=True, user__is_active=True).first()
    if address is None or not has_emails():
        raise EmailNotConfirmed(_("There is no confirmed e-mail address to send a link to."))
    # No limit for the client: that is the administrator, who may have many to write to.
    spend("mail", identifier=address.email_key, request=None)
    with transaction.atomic():
        secret = issue(RESET_PASSWORD, address=address)
        announce("reset_password", to=address.email, user=user, secret=secret, request=request)
        AccountEvent.objects.record("password_link_sent", user=user, actor=by, request=request)


def switch_off(
    user: AbstractUser,
    *,
    by: AbstractUser | None = None,
    reason: str = "",
    request: HttpRequest | None = None,
) -> None:
    """
    Let nobody log in to the account any more; its sessions and mailed links end at once.

    An account that is off stays off without another event. Raises LastSuperuser.
    """
    with transaction.atomic():
        _keep_a_superuser(user)
        rows = auth.get_user_model()._default_manager.filter(pk=user.pk, is_active=True)
        if rows.update(is_active=False, session_epoch=F("session_epoch") + 1):
            details = {"reason": reason}
            _note(
                "switched_off", signals.switched_off, user, by=by, details=details, request=request
            )
    user.refresh_from_db(fields=["is_active", "session_epoch"])


def switch_on(
    user: AbstractUser,
    *,
    by: AbstractUser | None = None,
    reason: str = "",
    request: HttpRequest | None = None,
) -> None:
    """Let the user of an account that is switched off log in again."""
    with transaction.atomic():
        rows = auth.get_user_model()._default_manager.filter(pk=user.pk, is_active=False)
        if rows.update(is_active=True):
            details = {"reason": reason}
            _note("switched_on", signals.switched_on, user, by=by, details=details, request=request)
    user.refresh_from_db(fields=["is_active"])


def end_sessions(
    user: AbstractUser, *, by: AbstractUser | None = None, request: HttpRequest | None = None
) -> None:
    """End every session of ``user``, that of ``request`` included, and every reset link."""
    with transaction.atomic():
        rows = auth.get_user_model()._default_manager.filter(pk=user.pk)
        rows.update(session_epoch=F("session_epoch") + 1)
        _note("sessions_ended", signals.sessions_ended, user, by=by, request=request)
    user.refresh_from_db(fields=["session_epoch"])


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
        if changes.get("is_superuser") is False:
            _keep_a_superuser(user)
        users = auth.get_user_model()._default_manager
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


def _keep_a_superuser(user: AbstractUser) -> None:
    """Raise LastSuperuser if there is no other; of two who go at once, the second one waits."""
    users = auth.get_user_model()._default_manager.filter(is_superuser=True, is_active=True)
    keys = users.select_for_update().order_by("pk").values_list("pk", flat=True)
    if list(keys) == [user.pk]:
        raise LastSuperuser


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
