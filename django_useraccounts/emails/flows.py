"""Prove that an address is the user's own; only here ``UserEmail`` and ``user.email`` change."""

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .. import signals
from ..browser import browser_key
from ..canonical import Name, clean_email
from ..errors import EmailAlreadyYours, EmailNotConfirmed, EmailTaken, LastEmail, LinkUsed
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
    try:
        with transaction.atomic():
            redeem(secret)
            # Of two own addresses confirmed at once, the row of the user lets one be the first.
            users = get_user_model()._default_manager.filter(pk=user.pk, email="")
            is_first = bool(users.update(email=address.email))
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
                announce("welcome", to=address.email, user=user, request=request)
            else:
                user.refresh_from_db(fields=["email"])
                announce("email_added", to=user.email, user=user, request=request)
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
    user.email = address.email if is_first else user.email
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


def add_email(
    user: AbstractUser,
    email: str,
    *,
    confirmed: bool = False,
    by: AbstractUser | None = None,
    request: HttpRequest | None = None,
) -> UserEmail:
    """
    Write down another address of ``user``, and mail the link that confirms it.

    ``by`` is who does it, if not the user. With ``confirmed`` the caller vouches for the address:
    it is proved without a mail, an own one that waits included, and primary if there is none yet.

    To the user nothing tells that somebody else has proved the address; its owner is told by mail.
    Raises InvalidEmail, EmailAlreadyYours, TooManyAttempts for users who do it themselves, and
    EmailTaken when an administrator does it or vouches for it.
    """
    to = clean_email(email)
    is_own_act = by is None or by == user
    if is_own_act and not confirmed:
        spend("mail", identifier=to.key, request=request)
    try:
        with transaction.atomic():
            fresh = _locked(user)
            claim = _own_claim(fresh, to, is_wanted=confirmed)
            owner = UserEmail.objects.confirmed().addressed(to.text).first()
            if owner and (confirmed or not is_own_act):
                raise EmailTaken
            address = claim or UserEmail.objects.add_claim(fresh, to.text)
            address.user = fresh  # type: ignore[assignment]
            if confirmed:
                _prove(address)
            else:
                mail_link(address, owner=owner, request=request)
            _tell_of(address, is_new=claim is None, by=by, request=request)
    except IntegrityError:
        # The unique verified_key: somebody has proved it at this very moment.
        raise EmailTaken from None
    _show(user, fresh)
    return address


def make_primary(
    address: UserEmail, *, by: AbstractUser | None = None, request: HttpRequest | None = None
) -> None:
    """
    Send the mail of a user to this proved address from now on, and show it as ``user.email``.

    The address that was primary is told by mail. ``by`` is who does it, if not the user. Raises
    EmailNotConfirmed.
    """
    user: AbstractUser = address.user
    with transaction.atomic():
        fresh = _locked(user)
        row = UserEmail.objects.filter(pk=address.pk, user=fresh).first()
        if row is None or not row.is_confirmed:
            raise EmailNotConfirmed(_("Only a confirmed e-mail address can be the primary one."))
        if row.is_primary:
            return
        previous = UserEmail.objects.filter(user=fresh, is_primary=True).first()
        _set_primary(row, fresh)
        details = {"from": previous.email if previous else None, "to": row.email}
        AccountEvent.objects.record(
            "primary_email_changed", user=user, actor=by or user, details=details, request=request
        )
        if previous:
            announce("primary_email_changed", to=previous.email, user=user, request=request)
        signals.send_on_commit(signals.primary_email_changed, user=user, email=row, request=request)
    address.is_primary = True
    _show(user, fresh)


def remove_email(
    address: UserEmail, *, by: AbstractUser | None = None, request: HttpRequest | None = None
) -> None:
    """
    Take an address off its account, with every link that was mailed to it.

    When it was the primary one, the address that has been proved longest takes its place. The
    primary address is told by mail, and so is the removed one, if it was proved. ``by`` is who does
    it, if not the user. Raises LastEmail: an account keeps one proved address.
    """
    user: AbstractUser = address.user
    with transaction.atomic():
        fresh = _locked(user)
        row = UserEmail.objects.filter(pk=address.pk, user=fresh).first()
        if row is None:
            return  # the second of two clicks
        others = UserEmail.objects.confirmed().filter(user=fresh).exclude(pk=row.pk)
        heir = others.order_by("confirmed_at", "pk").first()
        if row.is_confirmed and heir is None:
            raise LastEmail
        UserEmail.objects.filter(pk=row.pk).delete()
        if row.is_primary and heir:
            _set_primary(heir, fresh)
        details = {"address": row.email}
        AccountEvent.objects.record(
            "email_removed", user=user, actor=by or user, details=details, request=request
        )
        # Not to a claim: it may be the address of a stranger, who never asked for any mail.
        told = {row.email if row.is_confirmed else "", fresh.email} - {""}
        for to in sorted(told):
            announce("email_removed", to=to, user=user, request=request)
        signals.send_on_commit(signals.email_removed, user=user, address=row.email, request=request)
    _show(user, fresh)


def _locked(user: AbstractUser) -> AbstractUser:
    """Return the user as stored now; others who change the addresses of the user wait for us."""
    users = get_user_model()._default_manager
    fresh: AbstractUser = users.select_for_update().get(pk=user.pk)
    return fresh


def _own_claim(user: AbstractUser, to: Name, *, is_wanted: bool) -> UserEmail | None:
    address = UserEmail.objects.filter(user=user, email_key=to.key).first()
    if address and (address.is_confirmed or not is_wanted):
        raise EmailAlreadyYours
    return address


def _tell_of(
    address: UserEmail, *, is_new: bool, by: AbstractUser | None, request: HttpRequest | None
) -> None:
    user: AbstractUser = address.user
    details = {"address": address.email, "confirmed": address.is_confirmed}
    kind = "email_added" if is_new else "email_confirmed"
    actor = by if address.is_confirmed else by or user
    AccountEvent.objects.record(kind, user=user, actor=actor, details=details, request=request)
    if is_new:
        signals.send_on_commit(signals.email_added, user=user, email=address, request=request)
    if address.is_confirmed:
        if not address.is_primary:
            # Whoever proves an address can have a password mailed to it: the owner has to know.
            announce("email_added", to=user.email, user=user, request=request)
        signals.send_on_commit(signals.email_confirmed, user=user, email=address, request=request)


def _prove(address: UserEmail) -> None:
    """Make a claim a proved address on somebody's word; IntegrityError if it has an owner."""
    user: AbstractUser = address.user
    address.verified_key, address.confirmed_at = address.email_key, timezone.now()
    address.registration_key = None
    address.save(update_fields=["verified_key", "confirmed_at", "registration_key"])
    if not UserEmail.objects.filter(user=user, is_primary=True).exists():
        _set_primary(address, user)


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


def _set_primary(address: UserEmail, user: AbstractUser) -> None:
    rows = UserEmail.objects.filter(user=user)
    rows.filter(is_primary=True).update(is_primary=None)
    rows.filter(pk=address.pk).update(is_primary=True)
    address.is_primary, address.user = True, user  # type: ignore[assignment]
    address.copy_to_user()


def _show(user: AbstractUser, fresh: AbstractUser) -> None:
    """Let the caller's user say what the row says now."""
    user.email = fresh.email
    user.forget_loaded()
