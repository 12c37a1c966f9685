"""Apple (https://developer.apple.com/documentation/signinwithapplerestapi)."""

import time
from collections.abc import Mapping
from typing import ClassVar

from django.core.exceptions import ImproperlyConfigured

from ..errors import BadAnswer
from .claims import Claims
from .openid import OpenIDProvider

#: Seconds that a client secret lives. Apple would take half a year.
SECRET_AGE = 300
#: How long the text with the name of a person may be.
MAX_LETTERS = 4096


class Apple(OpenIDProvider):
    """
    Log in with Apple: the client secret is signed for each login, and the answer is posted.

    Whether PKCE is looked at is not documented; the nonce is given back and demanded.
    """

    label = "Apple"
    icon = "useraccounts/social/apple.svg"
    issuer = "https://appleid.apple.com"
    needs = ("CLIENT_ID", "TEAM_ID", "KEY_ID", "PRIVATE_KEY")
    scopes = ("openid", "name", "email")
    # Demanded for these scopes, by "Request an authorization to the Sign in with Apple server".
    response_mode = "form_post"
    client_auth = "client_secret_post"
    hosted_domains = ("icloud.com", "me.com", "mac.com", "privaterelay.appleid.com")
    denials = ("access_denied", "user_cancelled_authorize")
    prompt_login: ClassVar[dict[str, str]] = {}
    uses_auth_time = False

    def __init__(self, name: str, options: Mapping[str, object]) -> None:
        super().__init__(name, options)
        # From an environment that has no line breaks.
        self.private_key = str(options["PRIVATE_KEY"]).replace("\\n", "\n").strip()
        if not self.private_key.startswith("-----BEGIN PRIVATE KEY-----"):
            raise ImproperlyConfigured(
                f"PRIVATE_KEY of the provider “{name}” is not the text of a .p8 file."
            )

    def client_secret(self) -> str:
        """Sign who we are, as "Creating a client secret" in Apple's documentation says."""
        from joserfc import jwt  # noqa: PLC0415  # nothing of it before a login
        from joserfc.jwk import ECKey  # noqa: PLC0415

        now = int(time.time())
        return jwt.encode(
            {"alg": "ES256", "kid": str(self.options["KEY_ID"])},
            {
                "iss": str(self.options["TEAM_ID"]),
                "sub": str(self.options["CLIENT_ID"]),
                "aud": self.issuer,
                "iat": now,
                "exp": now + SECRET_AGE,
            },
            ECKey.import_key(self.private_key),
        )

    def fetch_claims(
        self, token: Mapping[str, object], answer: Mapping[str, str], pending: Mapping[str, str]
    ) -> Claims:
        # The signed claims last: what the browser has posted is anybody's, and names at most.
        return {**_posted_name(answer.get("user", "")), **self.verified_claims(token, pending)}


def _posted_name(text: str) -> dict[str, object]:
    """Return the name that is posted at the very first login, and never again."""
    from ..protocol.http import json_of  # noqa: PLC0415

    if not text or len(text) > MAX_LETTERS:
        return {}
    try:
        person = json_of(text)
    except BadAnswer:
        return {}
    name = person.get("name") if isinstance(person, dict) else None
    if not isinstance(name, dict):
        return {}
    return {"given_name": name.get("firstName"), "family_name": name.get("lastName")}
