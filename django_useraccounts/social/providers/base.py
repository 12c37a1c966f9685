"""What all providers share: how a login begins and ends, and whose word counts for an address."""

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import ImproperlyConfigured

from ..errors import BadAnswer, ConsentDenied, ProviderUnreachable
from ..identities import Identity
from ..sealing import seal
from . import claims as clean
from .claims import Claims

if TYPE_CHECKING:
    from ..protocol.grant import Client

#: Options of USERACCOUNTS["SOCIAL"]["PROVIDERS"] that every provider may have.
COMMON_OPTIONS = ("PROVIDER", "LABEL", "SCOPES", "KEEP_TOKENS")


@dataclass(frozen=True)
class Begun:
    """Where the browser goes, and what its session remembers until it comes back."""

    url: str
    pending: dict[str, str]


class Provider(ABC):
    """
    Somebody who tells us who a person is, by the authorization code grant.

    Write a subclass of :class:`OpenIDProvider` or :class:`OAuth2Provider` rather than of this one.
    Nothing of Authlib may be imported at the top of its module: the checks read it at start-up.
    """

    #: What buttons call it; the option LABEL overrides it.
    label: str = ""
    #: Static path of its mark on buttons, square and drawn for white ground.
    icon: str = "useraccounts/social/key.svg"
    #: Who vouches: with the subject, it names a person for ever.
    issuer: str = ""
    #: What to ask for; the option SCOPES overrides it.
    scopes: tuple[str, ...] = ()
    #: Options that have to be there, and those that may be, beside COMMON_OPTIONS.
    needs: ClassVar[tuple[str, ...]] = ("CLIENT_ID", "CLIENT_SECRET")
    may: ClassVar[tuple[str, ...]] = ("DOMAINS",)
    #: "form_post": the answer comes back as a POST from the provider's own page.
    response_mode: str = ""
    #: How we prove who we are: client_secret_basic, client_secret_post or none.
    client_auth: str = "client_secret_post"
    #: Does it bind its code to our browser by PKCE? False only for who refuses the verifier; a
    #: check warns of a provider that has neither PKCE nor a nonce.
    uses_pkce: bool = True
    #: Are its tokens kept, encrypted? The option KEEP_TOKENS overrides it.
    keeps_tokens: bool = False
    #: Mail domains whose mailboxes it runs itself, so that its word on them is proof.
    hosted_domains: tuple[str, ...] = ()
    #: What to add to the URL so that the person logs in there once more.
    prompt_login: ClassVar[Mapping[str, str]] = {"prompt": "login"}
    #: What to add to the URL always.
    extra_params: ClassVar[Mapping[str, str]] = {}
    #: Errors by which a provider says that the person did not want to.
    denials: ClassVar[tuple[str, ...]] = ("access_denied",)

    def __init__(self, name: str, options: Mapping[str, object]) -> None:
        #: The key in the settings, and the word in URLs.
        self.name = name
        self.options = options
        lacking = [option for option in self.needs if not options.get(option)]
        if lacking:
            raise ImproperlyConfigured(f"The provider “{name}” needs {', '.join(lacking)}.")
        unknown = [option for option in options if option not in self.known_options()]
        if unknown:
            raise ImproperlyConfigured(f"The provider “{name}” has no option “{unknown[0]}”.")
        # Not as a text yet: it may be translated, for each reader anew.
        label: Any = options.get("LABEL") or self.label or name.replace("-", " ").title()
        self.label = label
        self.scopes = self._texts("SCOPES") or self.scopes
        self.domains = tuple(domain.lower() for domain in self._texts("DOMAINS"))
        self.keeps_tokens = bool(options.get("KEEP_TOKENS", self.keeps_tokens))

    @classmethod
    def known_options(cls) -> tuple[str, ...]:
        """Return the names of all options that it can have."""
        return (*cls.needs, *cls.may, *COMMON_OPTIONS)

    # The two halves of a login.

    def begin(self, *, redirect_uri: str, prompt_login: bool = False) -> Begun:
        """
        Return the URL at the provider, and what to keep until the browser is back.

        ``prompt_login``: the person proves who it is once more, rather than being known still.
        """
        from ..protocol import grant  # noqa: PLC0415  # nothing of Authlib before a login

        with grant.distrusting():
            extra = {**self.extra_params, **(self.prompt_login if prompt_login else {})}
            if self.response_mode:
                extra["response_mode"] = self.response_mode
            binding = self.binding_params()
            url, pending = grant.begin(
                self.client(""),
                redirect_uri=redirect_uri,
                scopes=self.scopes,
                extra={**extra, **binding},
                has_pkce=self.uses_pkce,
            )
        if prompt_login:
            pending["prompted_at"] = str(int(time.time()))
        return Begun(url, pending | binding | {"issuer": self.issuer, "redirect_uri": redirect_uri})

    def finish(
        self, answer: Mapping[str, str], pending: Mapping[str, str], *, redirect_uri: str
    ) -> Identity:
        """
        Return who came back.

        ``answer`` are the parameters of the callback, whose state the caller has found in the
        session, and taken out of it. Raises BadAnswer, ConsentDenied or ProviderUnreachable.
        """
        from ..protocol import grant  # noqa: PLC0415

        with grant.distrusting():
            self.check_issuer(answer, pending)
            self.check_error(answer)
            code = answer.get("code", "")
            if not grant.is_credential(code):
                raise BadAnswer("code")
            token = grant.exchange(
                self.client(self.client_secret()),
                code,
                verifier=pending["verifier"] if self.uses_pkce else None,
                redirect_uri=redirect_uri,
            )
            return self.identity_of(self.fetch_claims(token, answer, pending), token)

    # What a kind of provider has to say.

    @abstractmethod
    def client(self, client_secret: str) -> "Client":
        """Return who we are there, and its endpoints."""

    @abstractmethod
    def fetch_claims(
        self, token: Mapping[str, object], answer: Mapping[str, str], pending: Mapping[str, str]
    ) -> Claims:
        """Return what it says of the person, by the names of OpenID Connect."""

    def binding_params(self) -> dict[str, str]:
        """Return parameters that are made for one login, and remembered, such as its nonce."""
        return {}

    def client_secret(self) -> str:
        """Return our secret there; called only when a code is exchanged."""
        return str(self.options.get("CLIENT_SECRET", ""))

    # What is looked at before anything is fetched.

    def check_issuer(self, answer: Mapping[str, str], pending: Mapping[str, str]) -> None:
        """Refuse the answer of another issuer: a mix-up would send it our code (RFC 9207)."""
        if pending.get("issuer") != self.issuer or answer.get("iss", self.issuer) != self.issuer:
            raise BadAnswer("issuer")

    def check_error(self, answer: Mapping[str, str]) -> None:
        """Raise what the provider reports, in words of ours: its own are anybody's."""
        error = answer.get("error")
        if error is None:
            return
        if error in self.denials:
            raise ConsentDenied
        if error in ("server_error", "temporarily_unavailable"):
            raise ProviderUnreachable("provider")
        raise BadAnswer("error")

    # What becomes of what it says.

    def identity_of(self, claims: Claims, token: Mapping[str, object]) -> Identity:
        """Return the identity that claims describe, with nothing in it that we cannot keep."""
        first_name, last_name = clean.full_name(claims)
        email = clean.email(claims.get("email"))
        return Identity(
            provider=self.name,
            issuer=self.issuer_of(claims),
            subject=clean.subject(claims.get("sub")),
            email=email,
            is_email_proved=self.proves(email, claims),
            username=clean.name(claims.get("preferred_username")),
            first_name=first_name,
            last_name=last_name,
            tokens=self._sealed(token) if self.keeps_tokens else "",
        )

    def issuer_of(self, claims: Claims) -> str:
        """Return who vouches for these claims, where one address serves many issuers."""
        return self.issuer

    def proves(self, email: str, claims: Claims) -> bool:
        """
        Is the word of the provider proof that the person has the address?

        Only of an address whose mailbox it runs, or for which the site trusts it by the option
        DOMAINS. Others say "verified" of whatever was once typed there.
        """
        # The boolean alone: "false" is a text, and true as such.
        if not email or claims.get("email_verified") is not True:
            return False
        domain = email.rpartition("@")[2].lower()
        trusted = (*self.hosted_domains, *self.domains)
        return "*" in self.domains or domain in trusted or self.hosts(domain, claims)

    def hosts(self, domain: str, claims: Claims) -> bool:
        """Does the provider say that it runs the mailboxes of a domain?"""
        return False

    def _sealed(self, token: Mapping[str, object]) -> str:
        return seal(json.dumps({key: text for key, text in token.items() if _is_kept(text)}))

    def _texts(self, option: str) -> tuple[str, ...]:
        texts = self.options.get(option, ())
        if not isinstance(texts, tuple | list) or not all(isinstance(text, str) for text in texts):
            raise ImproperlyConfigured(
                f"{option} of the provider “{self.name}” has to be a tuple of strings."
            )
        return tuple(texts)


def _is_kept(part: object) -> bool:
    return isinstance(part, str | int) and len(str(part)) <= 16 * 1024
