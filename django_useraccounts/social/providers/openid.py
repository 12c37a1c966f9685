"""Any provider of OpenID Connect, by the URL of its issuer."""

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from django.core.exceptions import ImproperlyConfigured

from ..errors import BadAnswer
from .base import Provider
from .claims import Claims

if TYPE_CHECKING:
    from ..protocol.grant import Client
    from ..protocol.metadata import Metadata


class OpenIDProvider(Provider):
    """
    Who somebody is, by a signed ID token; its e-mail, where that is missing there, by userinfo.

    Used as it is for every entry with an ISSUER. A preset says the issuer itself::

        class Guild(OpenIDProvider):
            label = "The Guild"
            issuer = "https://id.guild.example"
            needs = ("CLIENT_ID", "CLIENT_SECRET")
    """

    needs: ClassVar[tuple[str, ...]] = ("ISSUER", "CLIENT_ID", "CLIENT_SECRET")
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    #: "": as the provider's metadata say.
    client_auth = ""
    #: How it signs. A token that says otherwise is refused, whatever the provider supports.
    algorithms: ClassVar[tuple[str, ...]] = ("RS256",)
    #: Does it give back the nonce? Where it does not, PKCE alone binds the code to the browser.
    uses_nonce: bool = True
    #: By "max_age" it has to tell when somebody has logged in there (Core 3.1.2.1).
    prompt_login: ClassVar[Mapping[str, str]] = {"prompt": "login", "max_age": "0"}
    #: Is that moment held against the one when it was told to ask once more? False only for who
    #: cannot be told, or tells another moment: nobody could prove who it is.
    uses_auth_time: bool = True

    def __init__(self, name: str, options: Mapping[str, object]) -> None:
        super().__init__(name, options)
        self.issuer = str(options.get("ISSUER") or self.issuer)
        if not self.issuer.startswith(("https://", "http://")):
            raise ImproperlyConfigured(f"The provider “{name}” has no URL as its ISSUER.")

    def metadata(self) -> "Metadata":
        """Return what the issuer publishes of itself, at most an hour old."""
        from ..protocol.metadata import Metadata  # noqa: PLC0415  # nothing of Authlib before a login

        return Metadata.of(self.issuer, named=self.metadata_issuer())

    def metadata_issuer(self) -> str:
        """Return what the metadata call the issuer, where that is a pattern for many."""
        return self.issuer

    def client(self, client_secret: str) -> "Client":
        from ..protocol.grant import Client  # noqa: PLC0415

        metadata = self.metadata()
        return Client(
            authorize_url=metadata.authorization_endpoint,
            token_url=metadata.token_endpoint,
            client_id=str(self.options["CLIENT_ID"]),
            client_secret=client_secret,
            client_auth=self.client_auth or _client_auth(metadata.client_auths),
        )

    def binding_params(self) -> dict[str, str]:
        return {"nonce": secrets.token_urlsafe(32)} if self.uses_nonce else {}

    def check_issuer(self, answer: Mapping[str, str], pending: Mapping[str, str]) -> None:
        super().check_issuer(answer, pending)
        if "iss" not in answer and self.metadata().names_itself:
            # Taken out, so that the answer of another issuer passes for its own.
            raise BadAnswer("issuer")

    def fetch_claims(
        self, token: Mapping[str, object], answer: Mapping[str, str], pending: Mapping[str, str]
    ) -> Claims:
        signed = self.verified_claims(token, pending)
        metadata = self.metadata()
        if "email" not in self.scopes or signed.get("email") or not metadata.userinfo_endpoint:
            return signed
        told = self.userinfo(metadata.userinfo_endpoint, str(token["access_token"]))
        if told.get("sub") != signed["sub"]:
            # The access token of somebody else (Core 5.3.2).
            raise BadAnswer("userinfo")
        # An address and its "verified" belong together: both from where the address is from.
        return told | {key: claim for key, claim in signed.items() if key != "email_verified"}

    def verified_claims(
        self, token: Mapping[str, object], pending: Mapping[str, str]
    ) -> dict[str, object]:
        """Return the claims of the ID token, without which nobody is logged in."""
        from ..protocol import id_token  # noqa: PLC0415

        text = token.get("id_token")
        if not isinstance(text, str) or not text:
            # Never userinfo instead: the access token may have been issued to anybody's site.
            raise BadAnswer("no_id_token")
        metadata = self.metadata()
        expected = id_token.Expected(
            issuer=self.issuer_of,
            client_id=str(self.options["CLIENT_ID"]),
            nonce=pending["nonce"] if self.uses_nonce else None,
            access_token=str(token["access_token"]),
            algorithms=self.algorithms,
            logged_in_since=self._prompted_at(pending),
            has_to_say_when="max_age" in self.prompt_login and metadata.tells_auth_time,
        )
        return id_token.verified(text, expected, jwks_uri=metadata.jwks_uri)

    def _prompted_at(self, pending: Mapping[str, str]) -> int | None:
        prompted_at = pending.get("prompted_at")
        return int(prompted_at) if prompted_at and self.uses_auth_time else None

    def userinfo(self, url: str, access_token: str) -> dict[str, object]:
        """Return what the provider tells of who the token is for."""
        from ..protocol.http import Call  # noqa: PLC0415

        return Call(access_token).get_json(url)


def _client_auth(offered: tuple[object, ...]) -> str:
    """Return how to prove who we are: in the header, unless only the body is taken (Core 9)."""
    if "client_secret_basic" not in offered and "client_secret_post" in offered:
        return "client_secret_post"
    return "client_secret_basic"
