"""Google (https://developers.google.com/identity/openid-connect/openid-connect)."""

from typing import ClassVar

from .claims import Claims
from .openid import OpenIDProvider


class Google(OpenIDProvider):
    label = "Google"
    icon = "useraccounts/social/google.svg"
    issuer = "https://accounts.google.com"
    needs = ("CLIENT_ID", "CLIENT_SECRET")
    hosted_domains = ("gmail.com", "googlemail.com")
    # It knows none, consent and select_account, and no "login".
    prompt_login: ClassVar[dict[str, str]] = {"prompt": "select_account"}
    uses_auth_time = False

    def hosts(self, domain: str, claims: Claims) -> bool:
        """
        Is this the domain of a Workspace account?

        Anybody can have an account at Google with an address elsewhere, verified once; only "hd"
        says that Google runs its mailbox (…/identity/gsi/web/guides/verify-google-id-token).
        """
        hosted = claims.get("hd")
        return isinstance(hosted, str) and hosted.lower() == domain
