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
    algorithm = str(header.get("alg"))
    if algorithm.startswith(("RS", "PS")):
        registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
        return jws.serialize_compact(header, payload, key, registry=registry)
    text = f"{base64url(json.dumps(header).encode())}.{base64url(payload)}"
    if algorithm.startswith("HS"):
        secret = key.as_pem(private=False)
        return f"{text}.{base64url(hmac.digest(secret, text.encode(), 'sha256'))}"
    return f"{text}."


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
