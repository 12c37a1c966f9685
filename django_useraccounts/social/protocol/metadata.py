"""What an issuer publishes of itself: its endpoints and its keys (OpenID Connect Discovery 1.0)."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Self

from ...outside.addresses import is_loopback, is_safe
from ..errors import BadAnswer
from .http import as_object, fetch

#: Seconds for which a document is used before it is fetched anew.
MAX_AGE = 3600.0
#: Seconds between two looks at a document that lacks something: whoever can send us a token names
#: keys that there are not, and would have us ask the provider each time.
INTERVAL = 60.0

#: Raises BadAnswer for a document that is not what was asked for, such as word of an outage.
Judge = Callable[[dict[str, object]], object]


@dataclass
class _Document:
    content: dict[str, object]
    fetched: float
    asked: float


class Documents:
    """
    JSON documents of the outside, kept in the process, for all threads.

    None that its judge refuses is kept: whoever begins again has it fetched once more.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._documents: dict[str, _Document] = {}
        self._locks: dict[str, threading.Lock] = {}

    def get(self, url: str, *, judge: Judge) -> dict[str, object]:
        """Return the document at a URL, at most an hour old."""
        known = self._documents.get(url)
        if known is not None and self.clock() - known.fetched < MAX_AGE:
            return known.content
        # Without the lock: those who come meanwhile do not queue up behind a slow provider.
        return self._fetch(url, judge=judge)

    def get_anew(self, url: str, *, judge: Judge) -> dict[str, object]:
        """Look again at a document that lacks something, unless somebody did within the minute."""
        # With the lock: who asks at the same time waits for this answer, and shares it.
        with self._locks.setdefault(url, threading.Lock()):
            known = self._documents.get(url)
            if known is not None and self.clock() - known.asked < INTERVAL:
                return known.content
            if known is not None:
                # First, since a look that fails is one, too.
                known.asked = self.clock()
            return self._fetch(url, judge=judge)

    def forget(self) -> None:
        """Fetch everything anew: for tests."""
        self._documents = {}

    def _fetch(self, url: str, *, judge: Judge) -> dict[str, object]:
        content, now = as_object(fetch(url)), self.clock()
        judge(content)
        self._documents[url] = _Document(content, fetched=now, asked=now)
        return content


documents = Documents()


@dataclass(frozen=True)
class Metadata:
    """What of an issuer's configuration is used here."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    #: "" where it has none.
    userinfo_endpoint: str
    #: How a client may prove itself at the token endpoint.
    client_auths: tuple[object, ...]
    #: Does it name itself in every answer (RFC 9207)?
    names_itself: bool
    #: Does it list ``auth_time`` among the claims that it can tell?
    tells_auth_time: bool

    @classmethod
    def of(cls, issuer: str, *, named: str = "") -> Self:
        """
        Return the metadata of an issuer.

        ``named`` is what the document calls the issuer, where that is not the same. Raises
        BadAnswer when it speaks of somebody else, or sends anybody where others can listen.
        """
        address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        read = partial(cls._read, named=named or issuer, local=is_loopback(issuer))
        return read(documents.get(address, judge=read))

    @classmethod
    def _read(cls, said: dict[str, object], *, named: str, local: bool) -> Self:
        # Else one issuer could pass for another (Discovery 4.3).
        if said.get("issuer") != named:
            raise BadAnswer("metadata_issuer")
        auths = said.get("token_endpoint_auth_methods_supported")
        claims = said.get("claims_supported")
        return cls(
            issuer=named,
            authorization_endpoint=_url(said, "authorization_endpoint", local=local),
            token_endpoint=_url(said, "token_endpoint", local=local),
            jwks_uri=_url(said, "jwks_uri", local=local),
            userinfo_endpoint=_url(said, "userinfo_endpoint", local=local, is_needed=False),
            client_auths=tuple(auths) if isinstance(auths, list) else ("client_secret_basic",),
            names_itself=said.get("authorization_response_iss_parameter_supported") is True,
            tells_auth_time=isinstance(claims, list) and "auth_time" in claims,
        )


def _url(said: dict[str, object], name: str, *, local: bool, is_needed: bool = True) -> str:
    url = said.get(name)
    if url is None and not is_needed:
        return ""
    if not isinstance(url, str) or not is_safe(url, may_be_loopback=local):
        raise BadAnswer("metadata_url")
    return url
