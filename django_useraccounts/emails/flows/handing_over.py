"""Give an account that was registered and never confirmed to who has proved its address."""

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.http import HttpRequest
from django.utils import timezone

from ...errors import UserVanished
from ...models import AbstractUser, AccountEvent, OneTimeSecret, UserEmail
from ...personal_data import drop_files, empty_profile
from ...room import lock_out_of_rooms
from .confirming import prove_first_email
from .rows import locked, take_off


def claim_to_hand_over(email: str) -> UserEmail | None:
    """
    Return the claim of the one account that was registered with the address, if it has no other.

    None if several claim it, since nobody knows then which is meant, or if the account has a proved
    address, since that one has an owner.
    """
    proved = UserEmail.objects.confirmed().filter(user=OuterRef("user"))
    rows = UserEmail.objects.claims().addressed(email).filter(~Exists(proved))
    usable = rows.filter(
        user__is_active=True,
        user__erase_at=None,
        user__is_staff=False,
        user__is_superuser=False,
    )
    claims = list(usable.select_related("user")[:2])
    return claims[0] if len(claims) == 1 else None


def hand_over(claim: UserEmail, *, request: HttpRequest | None = None) -> AbstractUser | None:
    """
    Confirm the address of a claim that was proved by another way than its own mail.

    Whoever registered the account may have been a stranger, and keeps nothing: the password stops
    working, every session and link ends, and other claims, what rooms let in by, the profile and
    accepted terms go. Return the user, or None if the account is not what it was. Raises
    EmailTaken. Source: Sudhodanan and Paverd, Pre-hijacked accounts (USENIX Security 2022).
    """
    with transaction.atomic():
        user = _open_account(claim)
        if user is None:
            return None
        address = UserEmail.objects.claims().filter(pk=claim.pk, user=user).first()
        if address is None or UserEmail.objects.confirmed().filter(user=user).exists():
            return None
        _take_all(user, but=address, request=request)
        address.user = user  # type: ignore[assignment]
        AccountEvent.objects.record(
            "handed_over", user=user, details={"address": address.email}, request=request
        )
        prove_first_email(address, request=request)
    return user


def _open_account(claim: UserEmail) -> AbstractUser | None:
    """Return the user of a claim, locked; None if the account is closed, off or erased by now."""
    try:
        user = locked(claim.user)
    except UserVanished:
        return None
    return user if user.is_active and not user.is_closed else None


def _take_all(user: AbstractUser, *, but: UserEmail, request: HttpRequest | None) -> None:
    """Leave nothing on the account that a stranger could come back by, or be remembered by."""
    take_off(UserEmail.objects.filter(user=user).exclude(pk=but.pk), user, request=request)
    links = OneTimeSecret.objects.filter(user=user, redeemed_at=None)
    links.update(redeemed_at=timezone.now())
    lock_out_of_rooms(user, request=request)
    drop_files(user)
    users = get_user_model()._default_manager.filter(pk=user.pk)
    users.update(
        password=make_password(None),
        session_epoch=F("session_epoch") + 1,
        **empty_profile(user),
        terms_version="",
        terms_accepted_at=None,
    )
    user.refresh_from_db()
