"""Discord (https://docs.discord.com/developers/topics/oauth2)."""

from typing import TYPE_CHECKING, ClassVar

from .claims import Claims
from .oauth2 import OAuth2Provider

if TYPE_CHECKING:
    from ..protocol.http import Call


class Discord(OAuth2Provider):
    """
    Log in with Discord.

    A code that was asked for with a challenge is not given out without the verifier
    (https://github.com/discord/discord-api-docs/pull/7046, and 8254 for sites with a secret).
    """

    label = "Discord"
    icon = "useraccounts/social/discord.svg"
    issuer = "https://discord.com"
    authorize_url = "https://discord.com/oauth2/authorize"
    token_url = "https://discord.com/api/oauth2/token"  # noqa: S105  # no password
    profile_url = "https://discord.com/api/v10/users/@me"
    scopes = ("identify", "email")
    # It knows "none" and "consent" alone.
    prompt_login: ClassVar[dict[str, str]] = {"prompt": "consent"}

    def fetch_profile(self, call: "Call") -> Claims:
        person = call.get_json(self.profile_url)
        return {
            "sub": person["id"],
            "email": person.get("email"),
            "email_verified": person.get("verified"),
            "preferred_username": person.get("username"),
            "name": person.get("global_name"),
        }
