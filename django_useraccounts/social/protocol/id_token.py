"""ID tokens: who signed them, for whom, when, and for which login (OpenID Connect Core 3.1.3.7)."""

import hmac
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from authlib.oidc.core import CodeIDToken
from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import JWKRegistry, Key

from ..errors import BadAnswer
from .http import as_object, json_of
from .metadata import documents

#: Seconds by which clocks may differ.
LEEWAY = 60
#: Seconds within which a login at the provider is brought here.
MAX_AGE = 600

#: Which keys can be meant by an algorithm. What is not here cannot be configured either: with HS256
#: the public key, which everybody has, would be the secret.
KEY_TYPES = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA"),
    **dict.fromkeys(("ES256", "ES384", "ES512"), "EC"),
    "EdDSA": "OKP",
}
#: The modulus of an RSA key, in the letters of base64: 2048 to 8192 bits.
RSA_LETTERS = range(341, 1367)


class _Registry(jws.JWSRegistry):
    # Some put their certificate into the header.
    max_header_length = 8192


@dataclass(frozen=True)
class Expected:
    """What an ID token has to say to be meant for this login."""

    #: Who has to have issued it: by its claims, where one address serves many issuers.
    issuer: Callable[[dict[str, object]], str]
    client_id: str
    #: None where the provider has none.
    nonce: str | None
    access_token: str
    #: Fixed by us: a token that chose its own could choose none (RFC 8725 3.1).
    algorithms: Collection[str]
    #: The moment since when the person has to have logged in there, None where it does not matter.
    logged_in_since: int | None = None
    #: Is a token that does not say when refused, too?
    has_to_say_when: bool = False


def verified(token: str, expected: Expected, *, jwks_uri: str) -> dict[str, object]:
    """Return the claims of an ID token, or raise BadAnswer with what is wrong with it."""
    header, payload = _opened(token, expected.algorithms, jwks_uri)
    claims = as_object(json_of(payload))
    check = CodeIDToken(
        claims,
        header,
        {
            "iss": {"essential": True, "value": expected.issuer(claims)},
            "aud": {"essential": True, "value": expected.client_id},
        },
        {"client_id": expected.client_id, "access_token": expected.access_token},
    )
    try:
        check.validate(now=int(time.time()), leeway=LEEWAY)
    except JoseError as error:
        raise BadAnswer(_word(error)) from error
    _check_what_is_left_open(claims, expected)
    return claims


def _opened(
    token: str, algorithms: Collection[str], jwks_uri: str
) -> tuple[dict[str, object], bytes]:
    """Return header and payload of a token that the provider has signed."""
    registry = _Registry(algorithms=[*algorithms], strict_check_header=False)
    try:
        signed = jws.extract_compact(token.encode("ascii"), registry=registry)
        header = signed.headers()
        alg, kid = header.get("alg"), header.get("kid")
        if alg not in algorithms or alg not in KEY_TYPES:
            raise BadAnswer("alg")
        key = _key(jwks_uri, kid, str(alg))
        if not jws.validate_compact(signed, key, registry=registry):
            raise BadAnswer("signature")
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise BadAnswer("signature") from error
    return header, signed.payload or b""


def _key(jwks_uri: str, kid: object, alg: str) -> Key:
    found = _fitting(documents.get(jwks_uri, judge=_keys), kid, alg)
    if not found:
        # It may have changed its keys within the hour.
        found = _fitting(documents.get_anew(jwks_uri, judge=_keys), kid, alg)
    if len(found) != 1:
        raise BadAnswer("kid")
    try:
        return JWKRegistry.import_key(found[0])
    except (JoseError, ValueError, TypeError, KeyError, SecurityWarning) as error:
        raise BadAnswer("key") from error


def _keys(published: dict[str, object]) -> list[object]:
    keys = published.get("keys")
    if not isinstance(keys, list):
        raise BadAnswer("keys")
    return keys


def _fitting(
    published: dict[str, object], kid: object, alg: str
) -> list[dict[str, str | list[str]]]:
    keys = _keys(published)
    if kid is None and len(keys) != 1:
        # Trying one key after the other would let a token choose (Core 10.1).
        return []
    return [key for key in keys if isinstance(key, dict) and _fits(key, kid, alg)]


def _fits(key: dict[str, object], kid: object, alg: str) -> bool:
    if kid is not None and key.get("kid") != kid:
        return False
    if key.get("kty") != KEY_TYPES[alg] or key.get("alg", alg) != alg:
        return False
    if key["kty"] == "RSA" and len(str(key.get("n"))) not in RSA_LETTERS:
        return False
    return key.get("use", "sig") == "sig"


def _check_what_is_left_open(claims: dict[str, object], expected: Expected) -> None:
    if expected.nonce is not None and not _same(claims.get("nonce"), expected.nonce):
        # A code that was stolen and put into another browser brings another nonce.
        raise BadAnswer("nonce")
    issued = claims["iat"]
    if not isinstance(issued, int | float) or issued < time.time() - MAX_AGE - LEEWAY:
        raise BadAnswer("iat")
    _check_login(claims.get("auth_time"), expected)
    if "at_hash" in claims and not (claims["at_hash"] and isinstance(claims["at_hash"], str)):
        # Authlib looks at no hash that is empty.
        raise BadAnswer("at_hash")
    if "azp" in claims and claims["azp"] != expected.client_id:
        raise BadAnswer("azp")


def _check_login(moment: object, expected: Expected) -> None:
    """
    Refuse a person whom the provider has only remembered, where it was told to ask once more.

    It was told in the URL, from which whoever sits at the browser can take that out. Source: ASVS
    5.0, 6.8.4; Core 3.1.3.7, number 13.
    """
    since = expected.logged_in_since
    if since is None or (moment is None and not expected.has_to_say_when):
        return
    if not isinstance(moment, int | float) or not moment >= since - LEEWAY:
        raise BadAnswer("auth_time")


def _same(given: object, known: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(
        given.encode("utf-8", "replace"), known.encode()
    )


def _word(error: JoseError) -> str:
    """Return the claim that Authlib complains about: the first of those that lack."""
    return str(getattr(error, "claim", "")).partition(",")[0] or "id_token"
