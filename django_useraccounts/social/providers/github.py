"""GitHub (https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps)."""

from typing import TYPE_CHECKING, ClassVar

from .claims import Claims
from .oauth2 import OAuth2Provider

if TYPE_CHECKING:
    from ..protocol.http import Call

API = "https://api.github.com"


class GitHub(OAuth2Provider):
    """
    Log in with GitHub.

    PKCE since July 2025 (https://github.blog/changelog/2025-07-14-pkce-support-for-oauth-and-github-app-authentication),
    and it names itself in its answers since 2026, as the issuer below (openiddict-core, pull
    request 2529).
    """

    label = "GitHub"
    icon = "useraccounts/social/github.svg"
    issuer = "https://github.com/login/oauth"
    authorize_url = "https://github.com/login/oauth/authorize"
    token_url = "https://github.com/login/oauth/access_token"  # noqa: S105  # no password
    scopes = ("user:email",)
    # It cannot be told to ask for the password; the person at least chooses the account.
    prompt_login: ClassVar[dict[str, str]] = {"prompt": "select_account"}

    def fetch_profile(self, call: "Call") -> Claims:
        person = call.get_json(f"{API}/user")
        addresses = call.get_list(f"{API}/user/emails", {"per_page": "100"})
        return {
            # Not the "login": that can be given up, and taken by somebody else.
            "sub": person["id"],
            "email": next(filter(None, map(_primary_email, addresses)), ""),
            "email_verified": True,
            "preferred_username": person.get("login"),
            "name": person.get("name"),
        }


def _primary_email(entry: object) -> object:
    # …/rest/users/emails: whoever has not confirmed an address has it in the list nevertheless.
    is_meant = (
        isinstance(entry, dict) and entry.get("primary") is True and entry.get("verified") is True
    )
    return entry.get("email") if is_meant and isinstance(entry, dict) else ""
