"""
One-time secrets: what a mailed link carries, who may use it, and what voids it.

A link is 64 characters: the random id of a row, and an HMAC of 256 bits over that row under a key
derived from SECRET_KEY. No table holds it, so that a copy of the database opens nothing, and a mail
that is sent again carries the same link. Source: OWASP ASVS 5.0, 6.4.1, 6.5.1 to 6.5.4.
"""

import base64
import binascii
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from .compiled import Slot, compiled
from .conf import conf
from .errors import LinkError, LinkExpired, LinkInvalid, LinkUsed
from .models import AbstractUser, OneTimeSecret, UndeliverableAddress, UserEmail

#: 16 bytes of id and 32 of HMAC, in URL-safe base64 without padding.
LINK_LENGTH = 64


@dataclass(frozen=True)
class Purpose:
    """What a secret is for; its name is also the name of the URL that takes the link."""

    name: str
    max_age: Callable[[], timedelta]
    #: Does whatever raises the user's ``session_epoch`` (a new password, ended sessions) void it?
    voided_by_epoch: bool
    #: Does it end with the address that it was mailed to?
    bound_to_address: bool = True
    #: Is it mailed to the user whose link it is, and not to somebody whom that one invites?
    is_to_its_user: bool = True
    #: Does it give a stolen account back? Then a thief must not end it by closing the account.
    outlives_closing: bool = False


#: How long what an account holds waits, packed, for its owner to fetch it.
EXPORT_MAX_AGE = timedelta(days=7)
#: For how long who reads an address can take back what was done to the addresses of the account.
UNDO_MAX_AGE = timedelta(days=7)

CONFIRM_EMAIL = Purpose("confirm_email", lambda: conf.LINK_MAX_AGE, voided_by_epoch=False)
RESET_PASSWORD = Purpose(
    "reset_password",
    lambda: timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT),
    voided_by_epoch=True,
)
#: Neither a new password nor the end of the address voids it: whoever stole the account does both.
UNDO_EMAIL_CHANGE = Purpose(
    "undo_email_change",
    lambda: UNDO_MAX_AGE,
    voided_by_epoch=False,
    bound_to_address=False,
    outlives_closing=True,
)
#: It proves nothing that a login does not prove, and works for nobody else.
FETCH_EXPORT = Purpose(
    "fetch_export", lambda: EXPORT_MAX_AGE, voided_by_epoch=True, bound_to_address=False
)
#: Every purpose by its name, those of rooms included.
PURPOSES = {
    purpose.name: purpose
    for purpose in (CONFIRM_EMAIL, RESET_PASSWORD, UNDO_EMAIL_CHANGE, FETCH_EXPORT)
}


def register_purpose(purpose: Purpose) -> Purpose:
    """Let a purpose of a room join; in its models, which are imported wherever mail is sent."""
    PURPOSES[purpose.name] = purpose
    return purpose


@dataclass(frozen=True)
class Link:
    """The two halves of a link: which row, and the proof that the reader got the mail."""

    id: uuid.UUID
    #: Kept out of repr, and so of logs and error reports.
    proof: str = field(repr=False)

    def __str__(self) -> str:
        return _encode(self.id.bytes + _decode(self.proof, 32))

    @classmethod
    def parse(cls, text: str) -> "Link":
        """Read a link; raise LinkInvalid for what cannot be one."""
        raw = _decode(text, 48)
        return cls(uuid.UUID(bytes=raw[:16]), _encode(raw[16:]))

    @property
    def public_id(self) -> str:
        """The half that may be seen: it finds the row and opens nothing."""
        return _encode(self.id.bytes)


def parse_public_id(text: str) -> uuid.UUID:
    """Read the public half; raise LinkInvalid for what cannot be one."""
    return uuid.UUID(bytes=_decode(text, 16))


def issue(
    purpose: Purpose,
    *,
    address: UserEmail | None,
    user: AbstractUser | None = None,
    max_age: timedelta | None = None,
    pending: str = "",
    next_url: str = "",
    browser_key: str = "",
) -> OneTimeSecret:
    """
    Write the row of a new link for the user of ``address``; it replaces older ones for both.

    For a purpose that no address is behind, ``user`` says whose link it is. With neither it writes
    a row that nothing redeems: unknown must cost what known costs. ``max_age`` is for links that do
    not all last as long as their purpose says.
    """
    user = address.user if address else user
    # Whole seconds, since databases round them each in their own way and the HMAC covers them.
    now = timezone.now().replace(microsecond=0)
    return OneTimeSecret.objects.create(
        purpose=purpose.name,
        user=user,
        address=address if purpose.bound_to_address else None,
        email_key=address.email_key if address else "",
        epoch=user.session_epoch if user else 0,
        pending=pending,
        next_url=next_url,
        browser_key=browser_key,
        expires_at=now + (max_age or purpose.max_age()),
    )


def link_of(secret: OneTimeSecret) -> Link:
    """Return the link that is mailed for a row."""
    return Link(secret.pk, next(_proofs(secret)))


def peek(purpose: Purpose, link: Link) -> OneTimeSecret:
    """
    Return the row of a link that could be redeemed now, with its user and address.

    Raises LinkInvalid, LinkExpired or LinkUsed, the last also when something has voided it. All
    that it changes: an expired link is noted, and a clock that is set back makes it no younger.
    """
    statement = compiled(_of_link, OneTimeSecret)
    secret: OneTimeSecret | None = statement.first(key=link.id, purpose=purpose.name)
    if secret is None or not any(
        constant_time_compare(proof, link.proof) for proof in _proofs(secret)
    ):
        raise LinkInvalid
    try:
        _refuse_void(secret, purpose, is_replaced=secret.is_replaced)  # type: ignore[attr-defined]
    except LinkExpired:
        unnoted = OneTimeSecret.objects.filter(pk=secret.pk, found_expired_at=None)
        unnoted.update(found_expired_at=timezone.now())
        raise
    return secret


def _of_link(secrets: QuerySet[OneTimeSecret]) -> QuerySet[OneTimeSecret]:
    column = OneTimeSecret._meta.get_field
    key, purpose = Slot("key", column("id")), Slot("purpose", column("purpose"))
    trouble = UndeliverableAddress.objects.filter(email_key=OuterRef("email_key"))
    return (
        secrets.filter(pk=key, purpose=purpose, user__isnull=False)
        .select_related("user", "address")
        .annotate(is_replaced=is_replaced(), has_trouble=Exists(trouble))
    )


def is_replaced(prefix: str = "") -> Exists:
    """Return the question whether a newer link for the same has been made, for a queryset."""
    return Exists(
        OneTimeSecret.objects.filter(
            address=OuterRef(f"{prefix}address"),
            purpose=OuterRef(f"{prefix}purpose"),
            created_at__gt=OuterRef(f"{prefix}created_at"),
        )
    )


def is_void(secret: OneTimeSecret, *, is_replaced: bool) -> bool:
    """Say whether the link of a row, loaded with its user and address, would be refused."""
    try:
        _refuse_void(secret, PURPOSES[secret.purpose], is_replaced=is_replaced)
    except LinkError:
        return True
    return False


def redeem(secret: OneTimeSecret) -> None:
    """
    Use up the row, in the transaction of what it is used for; raise LinkUsed for the second of two.

    One conditional UPDATE: of two simultaneous clicks, the database lets one through.
    """
    now = timezone.now()
    mine = OneTimeSecret.objects.filter(pk=secret.pk, redeemed_at=None, expires_at__gt=now)
    if not mine.update(redeemed_at=now):
        raise LinkUsed


def _refuse_void(secret: OneTimeSecret, purpose: Purpose, *, is_replaced: bool) -> None:
    user: AbstractUser = secret.user  # type: ignore[assignment]
    if purpose.bound_to_address and getattr(secret.address, "email_key", None) != secret.email_key:
        raise LinkInvalid
    if secret.redeemed_at or is_replaced or not user.is_active or user.is_gone:
        raise LinkUsed
    if purpose.voided_by_epoch and secret.epoch != user.session_epoch:
        raise LinkUsed
    if secret.found_expired_at or secret.expires_at <= timezone.now():
        raise LinkExpired


def _proofs(secret: OneTimeSecret) -> Iterator[str]:
    """
    Yield the HMAC under the current key, then under those that are being retired.

    It covers all that the link may do; ``browser_key`` may still change, see ``note_browser``.
    """
    row = "|".join(
        str(part)
        for part in (
            secret.pk.hex,
            secret.purpose,
            secret.user_id,
            secret.address_id,
            secret.email_key,
            secret.epoch,
            int(secret.expires_at.timestamp()),
            secret.next_url,
            secret.pending,
        )
    )
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        digest = salted_hmac("django_useraccounts.secrets", row, secret=key, algorithm="sha256")
        yield _encode(digest.digest())


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _decode(text: str, length: int) -> bytes:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars="-_", validate=True)
    except (binascii.Error, ValueError):
        raise LinkInvalid from None
    # Only the spelling that we wrote: stray bits at the end would make a second one.
    if len(raw) != length or _encode(raw) != text:
        raise LinkInvalid
    return raw
