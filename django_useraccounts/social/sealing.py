"""Texts that a database keeps and cannot read: the tokens of providers."""

import base64
import hmac
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.encoding import force_bytes

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

_SALT = b"django_useraccounts.social.sealing"


def seal(text: str) -> str:
    """Encrypt a text under a key that is derived from SECRET_KEY."""
    return _keys().encrypt(text.encode()).decode("ascii")


def unseal(text: str) -> str | None:
    """
    Return what was sealed, or None for what was not, or is damaged.

    SECRET_KEY_FALLBACKS open what was sealed under them.
    """
    # At first use: this is imported by what is imported at start-up.
    from cryptography.fernet import InvalidToken  # noqa: PLC0415

    try:
        return _keys().decrypt(text.encode("utf-8", "replace")).decode()
    except InvalidToken:
        return None


def _keys() -> "MultiFernet":
    from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415

    return MultiFernet(
        [Fernet(_derived(key)) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    )


def _derived(key: str | bytes) -> bytes:
    # One step of HKDF (RFC 5869): a SECRET_KEY is random enough.
    return base64.urlsafe_b64encode(hmac.digest(force_bytes(key), _SALT, "sha256"))
