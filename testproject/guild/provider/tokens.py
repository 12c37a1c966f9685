"""What the provider gives out: codes and access tokens, which it remembers, and ID tokens."""

import base64
import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from joserfc.jwk import RSAKey

#: Seconds that they live.
CODE_AGE = 60
TOKEN_AGE = 300
ALGORITHM = "RS256"


@dataclass(frozen=True)
class Consent:
    """What somebody has agreed to on the page of the provider."""

    subject: str
    client_id: str
    redirect_uri: str
    scopes: frozenset[str]
    nonce: str
    challenge: str
    auth_time: int

    def is_met_by(self, verifier: str) -> bool:
        """Say whether ``verifier`` is what the challenge was made of (RFC 7636, S256)."""
        digest = hashlib.sha256(verifier.encode("utf-8", "replace")).digest()
        return _unpadded(digest) == self.challenge


class Drawer:
    """Keeps consents under random names for some seconds. It is empty when the demo starts."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        self._kept: dict[str, tuple[float, Consent]] = {}
        self._lock = Lock()

    def put(self, consent: Consent) -> str:
        """Keep a consent, and return the name to ask for it by."""
        name, now = secrets.token_urlsafe(32), time.monotonic()
        with self._lock:
            self._kept = {key: row for key, row in self._kept.items() if row[0] > now}
            self._kept[name] = (now + self.seconds, consent)
        return name

    def look(self, name: str) -> Consent | None:
        with self._lock:
            return self._in_time(self._kept.get(name))

    def take(self, name: str) -> Consent | None:
        """Return a consent once, whatever becomes of it."""
        with self._lock:
            return self._in_time(self._kept.pop(name, None))

    def _in_time(self, row: tuple[float, Consent] | None) -> Consent | None:
        return row[1] if row and row[0] > time.monotonic() else None


codes = Drawer(CODE_AGE)
access_tokens = Drawer(TOKEN_AGE)


def id_token(issuer: str, consent: Consent, access_token: str) -> str:
    """Sign who somebody is, for the site that asked."""
    from joserfc import jwt

    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": consent.subject,
        "aud": consent.client_id,
        "iat": now,
        "exp": now + TOKEN_AGE,
        "auth_time": consent.auth_time,
        "at_hash": _unpadded(hashlib.sha256(access_token.encode()).digest()[:16]),
    }
    if consent.nonce:
        claims["nonce"] = consent.nonce
    return jwt.encode({"alg": ALGORITHM, "kid": _key().kid}, claims, _key())


def public_keys() -> Mapping[str, Any]:
    """Return the set of keys that ID tokens are verified with."""
    return {"keys": [_key().as_dict(private=False)]}


_making = Lock()


def _key() -> "RSAKey":
    with _making:
        return _made_key()


@cache
def _made_key() -> "RSAKey":
    # Imported late: a site that nobody logs in to this way loads no cryptography.
    from joserfc.jwk import RSAKey

    return RSAKey.generate_key(2048, {"use": "sig", "alg": ALGORITHM}, auto_kid=True)


def _unpadded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
