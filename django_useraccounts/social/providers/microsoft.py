"""Microsoft (https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols-oidc)."""

import re
from collections.abc import Mapping
from typing import ClassVar

from django.core.exceptions import ImproperlyConfigured

from ..errors import BadAnswer
from .claims import Claims
from .openid import OpenIDProvider

LOGIN = "https://login.microsoftonline.com"
#: The tenant of all personal accounts (…/identity-platform/id-token-claims-reference, "tid").
PERSONAL = "9188040d-6c67-4c5b-b112-36a304b66dad"
#: Addresses that serve many tenants, and what their metadata call the issuer.
SHARED = {"common": "{tenantid}", "organizations": "{tenantid}", "consumers": PERSONAL}

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Microsoft(OpenIDProvider):
    """
    Log in with an account of work, of school, or a personal one: the option TENANT says which.

    Its word on an address is never proof, and DOMAINS no option: an administrator of any tenant
    writes what he likes into an account ("nOAuth",
    https://learn.microsoft.com/en-us/entra/identity-platform/migrate-off-email-claim-authorization).
    """

    label = "Microsoft"
    icon = "useraccounts/social/microsoft.svg"
    needs = ("CLIENT_ID", "CLIENT_SECRET")
    may = ("TENANT",)
    issuer = f"{LOGIN}/common/v2.0"
    # By "max_age" its tokens end sooner, by 0 at once
    # (https://github.com/AzureAD/microsoft-authentication-library-for-python/issues/444). It tells
    # when somebody has logged in by an optional claim of the app.
    prompt_login: ClassVar[dict[str, str]] = {"prompt": "login"}

    def __init__(self, name: str, options: Mapping[str, object]) -> None:
        super().__init__(name, options)
        self.tenant = str(options.get("TENANT", "common")).lower()
        if self.tenant not in SHARED and not _ID.fullmatch(self.tenant):
            raise ImproperlyConfigured(
                f"TENANT of the provider “{name}” is neither {', '.join(SHARED)} nor the id of a "
                "tenant."
            )
        self.issuer = f"{LOGIN}/{self.tenant}/v2.0"

    def metadata_issuer(self) -> str:
        return f"{LOGIN}/{SHARED.get(self.tenant, self.tenant)}/v2.0"

    def check_issuer(self, answer: Mapping[str, str], pending: Mapping[str, str]) -> None:
        # Were it to name itself, it would be as the tenant of the person.
        named = re.fullmatch(rf"{re.escape(LOGIN)}/([^/]+)/v2\.0", answer.get("iss", ""))
        is_ours = named is not None and self._admits(named[1])
        super().check_issuer({**answer, "iss": self.issuer} if is_ours else answer, pending)

    def issuer_of(self, claims: Claims) -> str:
        """Return the issuer of the tenant that the token itself names, if it may log in here."""
        tenant = claims.get("tid")
        if not isinstance(tenant, str) or not self._admits(tenant):
            # One key signs for all tenants: the signature alone says nothing about whose it is.
            raise BadAnswer("tenant")
        return f"{LOGIN}/{tenant}/v2.0"

    def fetch_claims(
        self, token: Mapping[str, object], answer: Mapping[str, str], pending: Mapping[str, str]
    ) -> Claims:
        # …/identity-platform/userinfo: it knows nothing that the token does not say.
        return self.verified_claims(token, pending)

    def proves(self, email: str, claims: Claims) -> bool:
        return False

    def _admits(self, tenant: str) -> bool:
        if not _ID.fullmatch(tenant):
            return False
        if self.tenant == "organizations":
            return tenant != PERSONAL
        return self.tenant == "common" or tenant == SHARED.get(self.tenant, self.tenant)
