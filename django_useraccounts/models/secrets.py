"""What a mailed link stands for. The secret itself is in no table, see ``secrets``."""

import hmac
import uuid
from functools import lru_cache
from os import urandom
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from ..canonical import EMAIL_MAX_LENGTH
from .emails import UserEmail

#: Behind so many bytes of an id come those that seal them.
_SEALED = 10


def sealed_id() -> uuid.UUID:
    """Return a new random id, which only this site can make."""
    noise = urandom(8)
    # Marked as a random UUID is: MariaDB takes no other bytes for one.
    start = noise[:6] + b"\x40" + noise[6:7] + b"\x80" + noise[7:]
    return uuid.UUID(bytes=start + _seal(start, settings.SECRET_KEY))


def is_sealed(key: uuid.UUID) -> bool:
    """Say without a statement whether an id was made here."""
    start, seal = key.bytes[:_SEALED], key.bytes[_SEALED:]
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return any(constant_time_compare(seal, _seal(start, secret)) for secret in secrets)


def _seal(start: bytes, secret: str | bytes) -> bytes:
    return hmac.digest(_key_of_seals(secret), start, "sha256")[: 16 - _SEALED]


@lru_cache(maxsize=8)
def _key_of_seals(secret: str | bytes) -> bytes:
    return salted_hmac(
        "django_useraccounts.ids", "seal", secret=secret, algorithm="sha256"
    ).digest()


class OneTimeSecret(models.Model):
    """
    One link: for one purpose, one user and one address, once, until a moment.

    A row without user is what a request for an unknown address leaves, so that it costs what a
    known one costs; nothing redeems it.
    """

    id = models.UUIDField(primary_key=True, default=sealed_id, editable=False)
    purpose = models.CharField(max_length=40)
    user = models.ForeignKey[Any, Any](
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+"
    )
    #: Removing the address voids its links.
    address = models.ForeignKey(UserEmail, on_delete=models.CASCADE, null=True, related_name="+")
    #: Whose key has to be that of the address still.
    email_key = models.CharField(max_length=EMAIL_MAX_LENGTH, blank=True, default="")
    #: The user's ``session_epoch`` when the link was made.
    epoch = models.PositiveIntegerField(default=0)
    #: Digest of a cookie of the browser that asked, "" for none.
    browser_key = models.CharField(max_length=64, blank=True, default="")
    #: What the link brings about beyond its purpose, such as the addresses that it puts back.
    pending = models.TextField(blank=True, default="")
    #: Where the reader wanted to go; checked again when used.
    next_url = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    redeemed_at = models.DateTimeField(null=True)
    #: When it was first met after its end: it stays expired, wherever the clock goes.
    found_expired_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.purpose} {self.pk}"
