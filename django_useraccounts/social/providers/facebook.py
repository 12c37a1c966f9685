"""Facebook (https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow)."""

import hmac
from typing import TYPE_CHECKING, ClassVar

from .claims import Claims
from .oauth2 import OAuth2Provider

if TYPE_CHECKING:
    from ..protocol.http import Call

#: In force from 29 July 2026 on (https://developers.facebook.com/docs/graph-api/changelog).
VERSION = "v26.0"


class Facebook(OAuth2Provider):
    """
    Log in with Facebook.

    Its word on an address is never proof: it has no flag that says "verified", and so DOMAINS is
    no option either. It takes part in PKCE (…/guides/advanced/oidc-token).
    """

    label = "Facebook"
    icon = "useraccounts/social/facebook.svg"
    issuer = "https://www.facebook.com"
    authorize_url = f"https://www.facebook.com/{VERSION}/dialog/oauth"
    token_url = f"https://graph.facebook.com/{VERSION}/oauth/access_token"
    profile_url = f"https://graph.facebook.com/{VERSION}/me"
    scopes = ("public_profile", "email")
    may = ()
    # …/guides/advanced/re-authentication
    prompt_login: ClassVar[dict[str, str]] = {"auth_type": "reauthenticate"}

    def fetch_profile(self, call: "Call") -> Claims:
        fields = "id,email,first_name,last_name"
        proof = self.proof_of(call.access_token)
        person = call.get_json(self.profile_url, {"fields": fields, "appsecret_proof": proof})
        return {
            # One of this app alone.
            "sub": person["id"],
            "email": person.get("email"),
            "given_name": person.get("first_name"),
            "family_name": person.get("last_name"),
        }

    def proof_of(self, access_token: str) -> str:
        """
        Return what shows that a call comes from the app itself.

        A token that was issued to another app, or was stolen, is refused with it
        (https://developers.facebook.com/docs/facebook-login/security#proof).
        """
        secret = str(self.options["CLIENT_SECRET"])
        return hmac.new(secret.encode(), access_token.encode(), "sha256").hexdigest()
