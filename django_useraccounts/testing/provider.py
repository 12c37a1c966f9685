"""
Providers for tests: they answer in the same process, by no socket, as strictly as real ones.

    from django_useraccounts.testing.provider import FakeProvider

    def test_a_member_logs_in_by_the_guild(client):
        person = {"sub": "1", "email": "frida@example.com", "email_verified": True}
        with FakeProvider(issuer="https://id.example.com", person=person) as provider:
            response = client.post("/accounts/social-login/guild/")
            callback = provider.agree(response["Location"])
            client.get(callback)

The settings of the project name it: ``{"guild": {"ISSUER": "https://id.example.com", "CLIENT_ID":
"the-site", "CLIENT_SECRET": "the-secret"}}``.
"""

import functools
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc.jwk import RSAKey

from ..social.protocol.metadata import documents
from ..social.providers.facebook import VERSION
from .keys import base64url, published, signed, signing_key
from .server import JSON, Answer, Asked, Fake, Refused

__all__ = [
    "LEFT_OUT",
    "Answer",
    "Asked",
    "Callback",
    "FakeFacebook",
    "FakeOAuth2",
    "FakeProvider",
    "Refused",
]

_OF_THE_HEADER = ("alg", "kid", "jwk", "jku", "x5u")


class _LeftOut:
    def __repr__(self) -> str:
        return "LEFT_OUT"


#: A claim with this value is left out.
LEFT_OUT = _LeftOut()


class Callback(str):
    """
    The path with its query by which the browser comes back.

    Where the provider answers by a form (Apple), post ``callback.data`` to ``callback.path``.
    """

    __slots__ = ("data", "path")
    path: str
    data: dict[str, str]

    def __new__(cls, redirect_uri: str, data: Mapping[str, str]) -> Self:
        path = urlsplit(redirect_uri).path
        callback = super().__new__(cls, f"{path}?{urlencode(data)}")
        callback.path, callback.data = path, dict(data)
        return callback


@dataclass
class _Consent:
    """What somebody has agreed to, until its code is exchanged."""

    person: dict[str, Any]
    redirect_uri: str
    challenge: str
    nonce: str
    scope: str
    is_asked_when: bool


class FakeOAuth2(Fake):
    """
    A provider of OAuth 2.0 with an API: GitHub, Discord, and whoever else has one like them::

        FakeOAuth2(
            authorize_url="https://id.example.com/authorize",
            token_url="https://id.example.com/token",
            api={"https://api.example.com/me": lambda person: {"id": person["sub"]}},
            person={"sub": "1"},
        )

    The values of ``api`` are JSON, or functions of the person whose token has come.
    """

    def __init__(
        self,
        *,
        authorize_url: str,
        token_url: str,
        api: Mapping[str, JSON] | None = None,
        client_id: str = "the-site",
        client_secret: str | None = "the-secret",  # noqa: S107  # of nobody
        person: Mapping[str, Any] | None = None,
        issuer: str = "",
    ) -> None:
        super().__init__()
        self.authorize_url, self.issuer = authorize_url, issuer
        #: Without a secret, any is taken: for providers where a site signs one (Apple).
        self.client_id, self.client_secret = client_id, client_secret
        self.person = {**(person or {"sub": "1"})}
        self._codes: dict[str, _Consent] = {}
        self._tokens: dict[str, _Consent] = {}
        self.serve("token", token_url, self._token)
        for url, content in (api or {}).items():
            self.serve(url, url, functools.partial(self._api, content))

    def __enter__(self) -> Self:
        documents.forget()
        return super().__enter__()

    def __exit__(self, *exc_info: object) -> None:
        super().__exit__(*exc_info)
        documents.forget()

    # What the person does, in a browser.

    def agree(self, url: str, person: Mapping[str, Any] | None = None) -> Callback:
        """
        Log in at the URL that the site has sent the browser to; return where it comes back.

        Raises Refused for what a real provider would not take.
        """
        asked = self.checked(url)
        code = secrets.token_urlsafe()
        self._codes[code] = _Consent(
            person={**(person or self.person)},
            redirect_uri=asked["redirect_uri"],
            challenge=asked["code_challenge"],
            nonce=asked.get("nonce", ""),
            scope=asked.get("scope", ""),
            is_asked_when="max_age" in asked,
        )
        return self._back(asked, {"code": code})

    def deny(self, url: str, error: str = "access_denied", **more: str) -> Callback:
        """Go back without an agreement."""
        return self._back(self.checked(url), {"error": error, **more})

    def checked(self, url: str) -> dict[str, str]:
        """Return the parameters of an authorization request, or raise Refused."""
        if url.partition("?")[0] != self.authorize_url:
            raise Refused(f"The browser was sent to {url}.")
        pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True)
        asked = dict(pairs)
        if len(asked) != len(pairs):
            raise Refused("A parameter is there twice.")
        self._check(asked)
        return asked

    def _check(self, asked: Mapping[str, str]) -> None:
        demands = {
            "client_id": asked.get("client_id") == self.client_id,
            "response_type": asked.get("response_type") == "code",
            "redirect_uri": urlsplit(asked.get("redirect_uri", "")).scheme in ("http", "https"),
            "state": len(asked.get("state", "")) >= 32,
            "code_challenge": len(asked.get("code_challenge", "")) == 43,
            "code_challenge_method": asked.get("code_challenge_method") == "S256",
        }
        for parameter, holds in demands.items():
            if not holds:
                raise Refused(f"{parameter} is {asked.get(parameter)!r}.")

    def _back(self, asked: Mapping[str, str], answer: Mapping[str, str]) -> Callback:
        issuer = {"iss": self.issuer} if self.issuer else {}
        return Callback(asked["redirect_uri"], {**answer, "state": asked["state"], **issuer})

    # What the site asks.

    def _token(self, asked: Asked) -> JSON:
        name, secret = asked.client
        if name != self.client_id or self.client_secret not in (None, secret):
            return Answer.of({"error": "invalid_client"}, status=401)
        with self._lock:
            # A code is good once, whatever comes of it.
            consent = self._codes.pop(asked.data.get("code", ""), None)
        if (
            consent is None
            or consent.redirect_uri != asked.data.get("redirect_uri")
            or consent.challenge != _challenge(asked.data.get("code_verifier", ""))
        ):
            return Answer.of({"error": "invalid_grant"}, status=400)
        token = secrets.token_urlsafe()
        self._tokens[token] = consent
        return self.token_response(token, consent)

    def token_response(self, token: str, consent: _Consent) -> dict[str, JSON]:
        """Return what the token endpoint answers."""
        return {"access_token": token, "token_type": "Bearer", "expires_in": 3600}

    def _api(self, content: JSON, asked: Asked) -> JSON:
        consent = self._tokens.get(asked.token)
        if consent is None:
            return Answer.of({"error": "invalid_token"}, status=401)
        return content(consent.person) if callable(content) else content


class FakeProvider(FakeOAuth2):
    """
    A provider of OpenID Connect.

    ``person`` are the claims of who logs in. Those in ``in_userinfo`` are told by userinfo alone,
    not by the ID token. ``metadata`` overrides what the discovery document says; without
    ``uses_nonce`` no nonce is given back. Who has to tell when (``max_age``) logs in just then.
    """

    def __init__(
        self,
        *,
        issuer: str = "https://id.example.com",
        client_id: str = "the-site",
        client_secret: str | None = "the-secret",  # noqa: S107  # of nobody
        person: Mapping[str, Any] | None = None,
        in_userinfo: tuple[str, ...] = (),
        metadata: Mapping[str, JSON] | None = None,
        uses_nonce: bool = True,
    ) -> None:
        base = issuer.rstrip("/")
        urls = {
            "authorization_endpoint": f"{base}/authorize",
            "token_endpoint": f"{base}/token",
            "userinfo_endpoint": f"{base}/userinfo",
            "jwks_uri": f"{base}/keys",
        }
        self.metadata = {"issuer": issuer, **urls, **_CAPABILITIES, **(metadata or {})}
        super().__init__(
            authorize_url=self.metadata["authorization_endpoint"],
            token_url=self.metadata["token_endpoint"],
            client_id=client_id,
            client_secret=client_secret,
            person=person,
            issuer=issuer,
        )
        self.in_userinfo, self.uses_nonce = in_userinfo, uses_nonce
        #: What signs, and what it is called; ``keys`` is what is published.
        self.key, self.kid = signing_key(), "key-1"
        self.keys = [published(self.key, self.kid)]
        self._broken: dict[str, JSON] = {}
        self._header: dict[str, JSON] = {}
        discovery = f"{base}/.well-known/openid-configuration"
        self.serve("metadata", discovery, lambda _asked: self.metadata)
        self.serve("jwks", self.metadata["jwks_uri"], lambda _asked: {"keys": self.keys})
        if self.metadata.get("userinfo_endpoint"):
            url = self.metadata["userinfo_endpoint"]
            self.serve("userinfo", url, functools.partial(self._api, lambda person: person))

    def breaks(self, **claims: JSON) -> None:
        """
        Change the ID tokens from now on: claims, and ``alg``, ``kid``, ``jwk``, ``jku`` and ``x5u``
        of the header.

        LEFT_OUT leaves a claim out. With ``alg="none"`` nothing is signed; with an HS algorithm the
        published key is the secret, as in a well-known attack.
        """
        for name, claim in claims.items():
            (self._header if name in _OF_THE_HEADER else self._broken)[name] = claim

    def rotate(self, kid: str, key: RSAKey | None = None, *, publish: bool = True) -> None:
        """Sign by another key from now on."""
        self.key, self.kid = key or signing_key(kid), kid
        if publish:
            self.keys = [published(self.key, kid)]

    def token_response(self, token: str, consent: _Consent) -> dict[str, JSON]:
        id_token = self.id_token(token, consent)
        return {**super().token_response(token, consent), "id_token": id_token}

    def id_token(self, token: str, consent: _Consent) -> str:
        """Return a signed ID token, with what ``breaks`` has changed."""
        now = int(time.time())
        told = {key: v for key, v in consent.person.items() if key not in self.in_userinfo}
        digest = hashlib.sha256(token.encode()).digest()
        claims = {
            **told,
            "iss": self.issuer,
            "aud": self.client_id,
            "iat": now,
            "exp": now + 300,
            "nonce": consent.nonce if self.uses_nonce else LEFT_OUT,
            # Everybody who is asked logs in there at this moment.
            "auth_time": now if consent.is_asked_when else LEFT_OUT,
            "at_hash": base64url(digest[:16]),
            **self._broken,
        }
        header = {"alg": "RS256", "kid": self.kid, **self._header}
        return signed(_without_left_out(header), _without_left_out(claims), self.key)

    def _check(self, asked: Mapping[str, str]) -> None:
        super()._check(asked)
        if "openid" not in asked.get("scope", "").split():
            raise Refused(f"scope is {asked.get('scope')!r}.")
        if self.uses_nonce and len(asked.get("nonce", "")) < 32:
            raise Refused(f"nonce is {asked.get('nonce')!r}.")


class FakeFacebook(FakeOAuth2):
    """
    Facebook's dialog and Graph API; a call without the right ``appsecret_proof`` is refused.

    ``person`` is what ``/me`` says: ``{"id": "1", "email": "frida@example.com"}``.
    """

    def __init__(
        self,
        *,
        version: str = VERSION,
        client_id: str = "the-site",
        client_secret: str = "the-secret",  # noqa: S107  # of nobody
        person: Mapping[str, Any] | None = None,
    ) -> None:
        self._app_secret = client_secret
        super().__init__(
            authorize_url=f"https://www.facebook.com/{version}/dialog/oauth",
            token_url=f"https://graph.facebook.com/{version}/oauth/access_token",
            client_id=client_id,
            client_secret=client_secret,
            person=person or {"id": "1", "name": "Frida Kahlo"},
        )
        self.serve("me", f"https://graph.facebook.com/{version}/me", self._me)

    def _me(self, asked: Asked) -> JSON:
        token = asked.token or asked.data.get("access_token", "")
        consent = self._tokens.get(token)
        proof = hmac.digest(self._app_secret.encode(), token.encode(), "sha256").hex()
        if consent is None or asked.data.get("appsecret_proof") != proof:
            error = {"message": "Invalid appsecret_proof", "type": "GraphMethodException"}
            return Answer.of({"error": {**error, "code": 100}}, status=400)
        fields = ["id", *asked.data.get("fields", "id,name").split(",")]
        return {key: told for key, told in consent.person.items() if key in fields}


#: What the discovery document says beside the endpoints.
_CAPABILITIES: dict[str, JSON] = {
    "response_types_supported": ["code"],
    "subject_types_supported": ["public"],
    "id_token_signing_alg_values_supported": ["RS256"],
    "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    "code_challenge_methods_supported": ["S256"],
    "authorization_response_iss_parameter_supported": True,
    "claims_supported": ["sub", "iss", "aud", "exp", "iat", "auth_time"],
}


def _challenge(verifier: str) -> str:
    return base64url(hashlib.sha256(verifier.encode()).digest())


def _without_left_out(claims: Mapping[str, JSON]) -> dict[str, JSON]:
    return {name: claim for name, claim in claims.items() if claim is not LEFT_OUT}
