"""Prove that an address is the user's own; only here ``UserEmail`` and ``user.email`` change."""

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef
from django.http import HttpRequest
from django.utils import timezone

from .. import signals
from ..browser import browser_key
from ..canonical import clean_email
from ..errors import EmailTaken, LinkUsed
from ..limits import spend
from ..mail import announce
from ..models import AbstractUser, AccountEvent, OneTimeSecret, UserEmail
from ..secrets import CONFIRM_EMAIL, issue, redeem


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
    rows = UserEmail.objects.addressed(to.text).select_related("user")
    key = browser_key(browser_token)
    # Without a token, "" would stand for every row that has none.
    of_browser = OneTimeSecret.objects.filter(address=OuterRef("pk"), browser_key=key or "-")
    row = (
        rows.annotate(is_of_browser=Exists(of_browser))
        # Who has proved the address comes first; then what this browser claims; then the newest.
        .order_by(F("verified_key").desc(nulls_last=True), "-is_of_browser", "-created_at")
        .first()
    )
    if row and not row.user.is_active:
        row = None
    claim = row if row and not row.is_confirmed else None
    with transaction.atomic():
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


def note_browser(user: AbstractUser, key: str) -> None:
    """Note that a browser has given the password of ``user``, who waits to be confirmed."""
    links = OneTimeSecret.objects.filter(user=user, purpose=CONFIRM_EMAIL.name)
    links.filter(address__in=UserEmail.objects.claims()).update(browser_key=key)


def confirm_email(secret: OneTimeSecret, *, request: HttpRequest | None = None) -> UserEmail:
    """
    Make the address of a link the user's own, and the primary one if there is none yet.

    Raises LinkUsed, and EmailTaken when somebody else has proved the same address meanwhile.
    """
    user: AbstractUser = secret.user  # type: ignore[assignment]
    address: UserEmail | None = secret.address
    if address is None:
        raise LinkUsed
    address.user = user  # type: ignore[assignment]
    is_first = not user.email
    try:
        with transaction.atomic():
            redeem(secret)
            address.verified_key, address.confirmed_at = address.email_key, timezone.now()
            address.is_primary = True if is_first else None
            claim = UserEmail.objects.claims().filter(pk=address.pk)
            if not claim.update(
                verified_key=address.verified_key,
                confirmed_at=address.confirmed_at,
                is_primary=address.is_primary,
                registration_key=None,
            ):
                raise LinkUsed
            if is_first:
                address.copy_to_user()
                announce("welcome", to=address.email, user=user, request=request)
            details = {"address": address.email}
            AccountEvent.objects.record(
                "email_confirmed", user=user, actor=user, details=details, request=request
            )
            signals.send_on_commit(
                signals.email_confirmed,
                user=user,
                email=address,
                request=request,
            )
    except IntegrityError:
        # The unique verified_key: of two who claim an address, the first to prove it owns it.
        raise EmailTaken from None
    user.forget_loaded()
    return address


def disown_email(secret: OneTimeSecret, *, request: HttpRequest | None = None) -> None:
    """Take an address off an account because the reader of its mail says: this was not me."""
    user: AbstractUser = secret.user  # type: ignore[assignment]
    address: UserEmail | None = secret.address
    if address is None:
        raise LinkUsed
    with transaction.atomic():
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
