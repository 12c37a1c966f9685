"""LinkedIn (…/linkedin/consumer/integrations/self-serve/sign-in-with-linkedin-v2)."""

from typing import ClassVar

from .openid import OpenIDProvider


class LinkedIn(OpenIDProvider):
    """
    Log in with LinkedIn, which binds its code less than all others do.

    It has PKCE for apps on people's devices alone, by request
    (https://learn.microsoft.com/en-us/linkedin/shared/authentication/authorization-code-flow-native),
    and answers "invalid_client" to the verifier of a web site
    (https://github.com/nextauthjs/next-auth/issues/8831). Its ID token has no nonce
    (https://github.com/authlib/authlib/issues/763).
    """

    label = "LinkedIn"
    icon = "useraccounts/social/linkedin.svg"
    issuer = "https://www.linkedin.com/oauth"
    needs = ("CLIENT_ID", "CLIENT_SECRET")
    client_auth = "client_secret_post"
    # What remains: the state binds the answer to the browser, the secret the code to this site, and
    # the code works once. Who steals another's code before it is used could still use it here: the
    # check W003 tells the site.
    uses_pkce = False
    uses_nonce = False
    denials = ("access_denied", "user_cancelled_login", "user_cancelled_authorize")
    prompt_login: ClassVar[dict[str, str]] = {}
    uses_auth_time = False
