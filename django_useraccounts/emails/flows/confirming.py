"""Prove that an address is the user's own, or take it off an account that is not."""

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ... import signals
from ...browser import browser_key
from ...canonical import clean_email
from ...conf import conf
from ...errors import EmailAlreadyYours, EmailTaken, LinkUsed
from ...identity import has_emails, has_one_email
from ...limits import spend
from ...mail import announce
from ...models import AbstractUser, AccountEvent, OneTimeSecret, UndeliverableAddress, UserEmail
from ...secrets import CONFIRM_EMAIL, issue, redeem
from ...undeliverable import heal
from .rows import locked, prove, proved_of, release, set_primary, tell_of_change


def resend_confirmation(
    email: str,
    *,
    browser_token: str = "",
    next_url: str = "",
    request: HttpRequest | None = None,
) -> None:
    """
    Mail a new link for an address that waits to be confirmed; older links for it stop working.

    Of several accounts that claim the address, the one that ``browser_token`` is known of is meant,
    else the newest: so nobody who claims it later gets what the first one asks for.

    Whatever the address is, one mail goes to it: the link, that it has an account already, or that
    it has none; so the page cannot tell them apart. Raises TooManyAttempts and InvalidEmail.
    """
    to = clean_email(email)
    spend("mail", identifier=to.key, request=request)
    key = browser_key(browser_token)
    with transaction.atomic():
        row = _claimed(to.text, key)
        claim = row if row and not row.is_confirmed else None
        key = key if getattr(row, "is_of_browser", False) else ""
        secret = issue(CONFIRM_EMAIL, address=claim, next_url=next_url, browser_key=key)
        if claim:
            announce(
                "confirm_email", to=claim.email, user=claim.user, secret=secret, request=request
            )
        elif row:
            announce("already_registered", to=row.email, user=row.user, request=request)
        else:
            announce("no_account", to=to.text, request=request)


def _claimed(email: str, key: str) -> UserEmail | None:
    """Return the address that a new link for ``email`` is about, if anybody's who may log in."""
    rows = UserEmail.objects.not_gone().addressed(email).select_related("user")
    # Without a token, "" would stand for every row that has none.
    of_browser = OneTimeSecret.objects.filter(address=OuterRef("pk"), browser_key=key or "-")
    row = (
        rows.annotate(is_of_browser=Exists(of_browser))
        # Who has proved the address comes first; then, of accounts that are on, what this browser
        # claims; then the newest.
        .order_by(
            F("verified_key").desc(nulls_last=True),
            "-user__is_active",
            "-is_of_browser",
            "-created_at",
        )
        .first()
    )
    return row if row and row.user.is_active else None


def send_confirmation(
    address: UserEmail, *, next_url: str = "", request: HttpRequest | None = None
) -> None:
    """
    Mail its user a new link for an address that waits, or takes no mail; older ones stop working.

    Raises EmailAlreadyYours for one that needs no link, and TooManyAttempts.
    """
    spend("mail", identifier=address.email_key, request=request)
    with transaction.atomic():
        locked(address.user, request=request)
        owner = UserEmail.objects.confirmed().not_gone().addressed(address.email).first()
        if owner and owner.pk == address.pk:
            if not UndeliverableAddress.objects.addressed(address.email).exists():
                raise EmailAlreadyYours(_("This e-mail address is confirmed already."))
            owner = None
        mail_link(address, owner=owner, next_url=next_url, request=request)


def has_to_confirm(user: AbstractUser) -> bool:
    """
    Say whether ``user`` has to prove an address before the first login.

    Who has none was made by code, or on a site that had no addresses then, and adds one inside;
    who was in before can mend it there if it was mistyped. Not who has registered with one: to have
    it disowned must be no way around the proof.
    """
    is_asked = has_emails() and conf.CONFIRM_EMAIL_BEFORE_LOGIN and user.last_login is None
    if not is_asked or user.has_confirmed_email:
        return False
    had_one = AccountEvent.objects.filter(user=user, kind__in=("registered", "email_disowned"))
    return UserEmail.objects.filter(user=user).exists() or had_one.exists()


def note_browser(user: AbstractUser, key: str) -> None:
    """Note that a browser has given the password of ``user``, who waits to be confirmed."""
    links = OneTimeSecret.objects.filter(user=user, purpose=CONFIRM_EMAIL.name)
    links.filter(address__in=UserEmail.objects.claims()).update(browser_key=key)


def confirm_email(secret: OneTimeSecret, *, request: HttpRequest | None = None) -> UserEmail:
    """
    Make the address of a link the user's own, and the primary one if there is none yet.

    Where EMAILS_PER_USER is 1 it takes the place of the one before. The other proved addresses are
    told by mail, with a link that undoes it. An address that took no mail gets mail again.
    Raises LinkUsed, and EmailTaken when somebody else has proved the same address meanwhile.
    """
    user: AbstractUser = secret.user  # type: ignore[assignment]
    address: UserEmail | None = secret.address
    if address is None:
        raise LinkUsed
    address.user = user  # type: ignore[assignment]
    try:
        with transaction.atomic():
            # Of two own addresses confirmed at once, the row of the user lets one be the first.
            users = get_user_model()._default_manager.filter(pk=user.pk, email="")
            is_first = bool(users.update(email=address.email))
            before = [] if is_first else proved_of(locked(user))
            redeem(secret)
            # Read with the link: what is reported since then counts as reported after.
            if getattr(secret, "has_trouble", True):
                heal(address.email)
            if not any(row.pk == address.pk for row in before):
                if not prove(address, is_first=is_first):
                    raise LinkUsed
                _tell_of_proof(address, before, request=request)
            _record_proof(address, request=request)
    except IntegrityError:
        # The unique verified_key: of two who claim an address, the first to prove it owns it.
        if release(address):
            return confirm_email(secret, request=request)
        raise EmailTaken from None
    user.email = address.email if address.is_primary else user.email
    user.forget_loaded()
    return address


def prove_first_email(address: UserEmail, *, request: HttpRequest | None = None) -> None:
    """
    Make the claim of a new account its proved primary address, without a mail that asks.

    For who has come by a link that was mailed to this address, and registers. Raises EmailTaken.
    """
    try:
        with transaction.atomic():
            prove(address, is_first=True, by_registering=True)
            address.copy_to_user()
            heal(address.email)
            _tell_of_proof(address, [], request=request)
            _record_proof(address, request=request)
    except IntegrityError:
        if not release(address):
            raise EmailTaken from None
        prove_first_email(address, request=request)
    address.user.forget_loaded()


def _tell_of_proof(
    address: UserEmail, before: list[UserEmail], *, request: HttpRequest | None
) -> None:
    user: AbstractUser = address.user
    if address.is_primary:
        announce("welcome", to=address.email, user=user, request=request)
        return
    kind = "email_added"
    if has_one_email():
        kind = "primary_email_changed"
        _replace(before, address, request=request)
    tell_of_change(kind, before, before=before, about=address, by=None, request=request)


def _record_proof(address: UserEmail, *, request: HttpRequest | None) -> None:
    user: AbstractUser = address.user
    details = {"address": address.email}
    AccountEvent.objects.record(
        "email_confirmed", user=user, actor=user, details=details, request=request
    )
    signals.send_on_commit(signals.email_confirmed, user=user, email=address, request=request)


def _replace(before: list[UserEmail], address: UserEmail, *, request: HttpRequest | None) -> None:
    """Let the address take the place of the one that a user may have here."""
    user: AbstractUser = address.user
    set_primary(address, before[0].user if before else user)
    UserEmail.objects.filter(pk__in=[row.pk for row in before]).delete()
    details = {"from": [row.email for row in before], "to": address.email}
    AccountEvent.objects.record(
        "primary_email_changed", user=user, actor=user, details=details, request=request
    )
    signals.send_on_commit(signals.primary_email_changed, user=user, email=address, request=request)


def disown_email(secret: OneTimeSecret, *, request: HttpRequest | None = None) -> None:
    """Take an address off an account because the reader of its mail says: this was not me."""
    user: AbstractUser = secret.user  # type: ignore[assignment]
    address: UserEmail | None = secret.address
    if address is None:
        raise LinkUsed
    with transaction.atomic():
        locked(user)  # whoever removes it at the same moment finds it gone
        redeem(secret)
        if not UserEmail.objects.claims().filter(pk=address.pk).delete()[0]:
            raise LinkUsed
        details = {"address": address.email}
        AccountEvent.objects.record("email_disowned", user=user, details=details, request=request)
        signals.send_on_commit(
            signals.email_disowned,
            user=user,
            address=address.email,
            request=request,
        )


def mail_link(
    address: UserEmail,
    *,
    owner: UserEmail | None = None,
    next_url: str = "",
    browser_key: str = "",
    request: HttpRequest | None = None,
) -> None:
    """
    Mail the link that confirms an address, or tell ``owner``, who has proved it, of the attempt.

    The row of a link is written either way: a claim of somebody's address costs what any costs.
    """
    secret = issue(CONFIRM_EMAIL, address=address, next_url=next_url, browser_key=browser_key)
    if owner:
        user = get_user_model()(pk=owner.user_id)
        announce("already_registered", to=owner.email, user=user, request=request)
    else:
        announce(
            "confirm_email", to=address.email, user=address.user, secret=secret, request=request
        )
