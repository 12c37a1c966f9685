"""Texts that a database keeps and cannot read: the tokens of providers."""

import base64
import hmac
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.encoding import force_bytes

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_SALT = b"django_useraccounts.social.sealing"
#: Bytes that make each seal another one (NIST SP 800-38D, 8.2).
_NONCE = 12


def seal(text: str) -> str:
    """Encrypt a text by AES-256 in GCM mode, under a key that is derived from SECRET_KEY."""
    nonce = os.urandom(_NONCE)
    sealed = next(_ciphers()).encrypt(nonce, text.encode(), None)
    return base64.urlsafe_b64encode(nonce + sealed).decode("ascii")


def unseal(text: str) -> str | None:
    """
    Return what was sealed, or None for what was not, or is damaged.

    SECRET_KEY_FALLBACKS open what was sealed under them.
    """
    # At first use: this is imported by what is imported at start-up.
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415

    try:
        raw = base64.b64decode(text.encode("utf-8", "replace"), altchars=b"-_", validate=True)
    except ValueError:
        return None
    for cipher in _ciphers():
        try:
            return cipher.decrypt(raw[:_NONCE], raw[_NONCE:], None).decode()
        except (InvalidTag, ValueError):  # the second for what is shorter than a seal
            continue
    return None


def _ciphers() -> "Iterator[AESGCM]":
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        # One step of HKDF (RFC 5869): a SECRET_KEY is random enough.
        yield AESGCM(hmac.digest(force_bytes(key), _SALT, "sha256"))
