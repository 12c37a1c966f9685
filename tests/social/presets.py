"""Every preset beside a fake of its provider, so that the same cases can be put to all of them."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from django_useraccounts.social.identities import Identity
from django_useraccounts.social.providers import Begun, Provider, provider_class
from django_useraccounts.testing.keys import base64url
from django_useraccounts.testing.provider import FakeFacebook, FakeOAuth2, FakeProvider

CALLBACK = "https://guild.example/accounts/social-callback/preset/"
TENANT = "aaaabbbb-2222-3333-4444-555555555555"
MICROSOFT = "https://login.microsoftonline.com"

#: Who logs in, by the names of OpenID Connect.
FRIDA = {
    "sub": "1001",
    "email": "frida@example.com",
    "email_verified": True,
    "given_name": "Frida",
    "family_name": "Kahlo",
    "name": "Frida Kahlo",
}

APPLE_KEY = ec.generate_private_key(ec.SECP256R1())
APPLE_PEM = APPLE_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

Claims = Mapping[str, Any]


@dataclass(frozen=True)
class Preset:
    """What a preset is given, and what its provider is like."""

    name: str
    fake: Callable[[], FakeOAuth2]
    issuer: str
    scope: str
    #: The calls of a login, by the names of the fake's endpoints.
    calls: tuple[str, ...]
    options: Mapping[str, object] = field(
        default_factory=lambda: {"CLIENT_ID": "the-site", "CLIENT_SECRET": "the-secret"}
    )
    #: What the fake has to know of a person.
    told: Callable[[Claims], dict[str, Any]] = dict
    #: What comes back beside the code.
    posted: Mapping[str, str] = field(default_factory=dict)
    speaks_openid: bool = True
    may_have_domains: bool = True

    def provider(self, **options: object) -> Provider:
        given = {**self.options, **options}
        return provider_class(self.name, given)(self.name, given)


class Login:
    """A login by a preset, step by step."""

    def __init__(self, preset: Preset, **options: object) -> None:
        self.preset, self.fake = preset, preset.fake()
        self.provider = preset.provider(**options)

    def begin(self, *, prompt_login: bool = False) -> Begun:
        return self.provider.begin(redirect_uri=CALLBACK, prompt_login=prompt_login)

    def agree(self, begun: Begun, **claims: object) -> dict[str, str]:
        """Return what the browser brings back after somebody has agreed."""
        person = self.preset.told({**FRIDA, **claims})
        return {**self.fake.agree(begun.url, person).data, **self.preset.posted}

    def finish(self, answer: Mapping[str, str], begun: Begun) -> Identity:
        return self.provider.finish(answer, begun.pending, redirect_uri=CALLBACK)

    def identity(self, **claims: object) -> Identity:
        begun = self.begin()
        return self.finish(self.agree(begun, **claims), begun)


def _challenge(verifier: str) -> str:
    return base64url(hashlib.sha256(verifier.encode()).digest())


def _google() -> FakeProvider:
    return FakeProvider(issuer="https://accounts.google.com")


def _microsoft() -> FakeProvider:
    fake = FakeProvider(
        issuer=f"{MICROSOFT}/common/v2.0",
        metadata={
            "issuer": MICROSOFT + "/{tenantid}/v2.0",
            "userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo",
            "authorization_response_iss_parameter_supported": False,
        },
    )
    fake.breaks(iss=f"{MICROSOFT}/{TENANT}/v2.0")
    return fake


def _apple() -> FakeProvider:
    metadata = {"userinfo_endpoint": None}
    return FakeProvider(
        issuer="https://appleid.apple.com",
        client_id="com.example.login",
        client_secret=None,
        metadata=metadata,
    )


def _gitlab() -> FakeProvider:
    return FakeProvider(
        issuer="https://gitlab.com", in_userinfo=("email", "email_verified", "name")
    )


class _FakeLinkedIn(FakeProvider):
    """Knows neither PKCE nor a nonce, and refuses a verifier."""

    def checked(self, url: str) -> dict[str, str]:
        return {**super().checked(url), "code_challenge": _challenge("")}

    def _check(self, asked: Mapping[str, str]) -> None:
        assert not any(name.startswith("code_challenge") for name in asked)
        pkce = {"code_challenge": _challenge(""), "code_challenge_method": "S256"}
        super()._check({**asked, **pkce})


def _linkedin() -> FakeProvider:
    return _FakeLinkedIn(issuer="https://www.linkedin.com/oauth", uses_nonce=False)


def _facebook() -> FakeFacebook:
    return FakeFacebook()


def _github() -> FakeOAuth2:
    return FakeOAuth2(
        issuer="https://github.com/login/oauth",
        authorize_url="https://github.com/login/oauth/authorize",
        token_url="https://github.com/login/oauth/access_token",
        api={
            "https://api.github.com/user": lambda person: {
                "id": int(person["sub"]),
                "login": "frida",
                "name": person["name"],
                "email": "shown@example.org",
            },
            "https://api.github.com/user/emails": lambda person: [
                {"email": "old@example.com", "primary": False, "verified": True},
                {
                    "email": person["email"],
                    "primary": True,
                    "verified": person["email_verified"],
                },
            ],
        },
    )


def _discord() -> FakeOAuth2:
    return FakeOAuth2(
        authorize_url="https://discord.com/oauth2/authorize",
        token_url="https://discord.com/api/oauth2/token",
        api={
            "https://discord.com/api/v10/users/@me": lambda person: {
                "id": person["sub"],
                "username": "frida",
                "global_name": person["name"],
                "email": person["email"],
                "verified": person["email_verified"],
            }
        },
    )


OPENID = "openid email profile"
SIGNED = ("metadata", "token", "jwks")

PRESETS = {
    preset.name: preset
    for preset in (
        Preset("google", _google, "https://accounts.google.com", OPENID, SIGNED),
        Preset(
            "facebook",
            _facebook,
            "https://www.facebook.com",
            "public_profile email",
            ("token", "me"),
            told=lambda claims: {
                "id": claims["sub"],
                "email": claims["email"],
                "first_name": claims["given_name"],
                "last_name": claims["family_name"],
            },
            speaks_openid=False,
            may_have_domains=False,
        ),
        Preset(
            "github",
            _github,
            "https://github.com/login/oauth",
            "user:email",
            ("token", "https://api.github.com/user", "https://api.github.com/user/emails"),
            speaks_openid=False,
        ),
        Preset(
            "microsoft",
            _microsoft,
            f"{MICROSOFT}/{TENANT}/v2.0",
            OPENID,
            SIGNED,
            told=lambda claims: {"tid": TENANT, **claims},
            may_have_domains=False,
        ),
        Preset(
            "apple",
            _apple,
            "https://appleid.apple.com",
            "openid name email",
            SIGNED,
            options={
                "CLIENT_ID": "com.example.login",
                "TEAM_ID": "ABCDE12345",
                "KEY_ID": "FGHIJ67890",
                "PRIVATE_KEY": APPLE_PEM,
            },
            # Apple's token has no name.
            told=lambda claims: {
                name: claims[name] for name in claims if not name.endswith("name")
            },
            posted={"user": json.dumps({"name": {"firstName": "Frida", "lastName": "Kahlo"}})},
        ),
        Preset("gitlab", _gitlab, "https://gitlab.com", OPENID, (*SIGNED, "userinfo")),
        Preset("linkedin", _linkedin, "https://www.linkedin.com/oauth", OPENID, SIGNED),
        Preset(
            "discord",
            _discord,
            "https://discord.com",
            "identify email",
            ("token", "https://discord.com/api/v10/users/@me"),
            speaks_openid=False,
        ),
    )
}
