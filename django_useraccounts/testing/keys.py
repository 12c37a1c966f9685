"""Signatures of ID tokens for tests, right ones and those of well-known attacks."""

import base64
import functools
import hmac
import json
from collections.abc import Mapping

from joserfc import jws
from joserfc.jwk import RSAKey

from .server import JSON


@functools.cache
def signing_key(name: str = "key-1") -> RSAKey:
    """Return a private key, the same one for a name: to make one takes a while."""
    return RSAKey.generate_key(2048)


def published(key: RSAKey, kid: str) -> dict[str, JSON]:
    """Return the public half as a key set has it."""
    return {**key.as_dict(private=False), "kid": kid, "use": "sig", "alg": "RS256"}


def signed(header: dict[str, JSON], claims: Mapping[str, JSON] | bytes, key: RSAKey) -> str:
    """Return a JWT as it is ordered, without a look at whether that makes sense."""
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    text = f"{base64url(json.dumps(header).encode())}.{base64url(payload)}"
    algorithm = str(header.get("alg"))
    signature = b""
    if algorithm.startswith("HS"):
        signature = hmac.digest(key.as_pem(private=False), text.encode(), "sha256")
    elif algorithm in jws.JWSRegistry.algorithms and algorithm.startswith(("RS", "PS")):
        # Below the library's own look at the header, which would not sign for an attack.
        signature = jws.JWSRegistry.algorithms[algorithm].sign(text.encode(), key)
    return f"{text}.{base64url(signature)}"


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
