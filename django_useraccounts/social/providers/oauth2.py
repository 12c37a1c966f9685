"""Providers that speak OAuth 2.0 alone, and say who somebody is by an API of their own."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured

from .base import Provider
from .claims import Claims

if TYPE_CHECKING:
    from ..protocol.grant import Client
    from ..protocol.http import Call


class OAuth2Provider(Provider):
    """
    Base of providers without OpenID Connect: a code, a token, a look at the person's profile.

        class Guild(OAuth2Provider):
            label = "The Guild"
            issuer = "https://id.guild.example"
            authorize_url = "https://id.guild.example/authorize"
            token_url = "https://id.guild.example/token"
            scopes = ("profile",)

            def fetch_profile(self, call):
                member = call.get_json("https://id.guild.example/api/me")
                return {"sub": member["id"], "email": member["mail"], "name": member["name"]}
    """

    authorize_url: str = ""
    token_url: str = ""

    def __init__(self, name: str, options: Mapping[str, object]) -> None:
        super().__init__(name, options)
        if not self.issuer:
            # Number 1 at one provider would be number 1 at every other that has none.
            raise ImproperlyConfigured(
                f"The class of the provider “{name}” has no issuer, which with the subject names a "
                "person."
            )

    @abstractmethod
    def fetch_profile(self, call: "Call") -> Claims:
        """
        Return who the token is for, by the names of OpenID Connect; ``sub`` is never reused.

        ``call`` asks the API with the token, within limits. What is missing may raise KeyError.
        """

    def client(self, client_secret: str) -> "Client":
        from ..protocol.grant import Client  # noqa: PLC0415  # nothing of Authlib before a login

        return Client(
            authorize_url=self.authorize_url,
            token_url=self.token_url,
            client_id=str(self.options["CLIENT_ID"]),
            client_secret=client_secret,
            client_auth=self.client_auth,
        )

    def fetch_claims(
        self, token: Mapping[str, object], answer: Mapping[str, str], pending: Mapping[str, str]
    ) -> Claims:
        from ..protocol.http import Call  # noqa: PLC0415

        return self.fetch_profile(Call(str(token["access_token"])))
