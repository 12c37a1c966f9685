"""The authorization code grant: the way there, and the code for tokens (RFC 6749, 7636, 9700)."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import requests
from authlib.common.errors import AuthlibBaseError
from joserfc.errors import JoseError

from ..errors import BadAnswer
from .http import OAuthSession, as_object, json_of

#: How long a code or a token may be.
MAX_LETTERS = 16 * 1024
#: What values of another kind, size or depth than we know make of our code, and of libraries'.
_BREAKAGE = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)


@dataclass(frozen=True)
class Client:
    """Who we are at a provider, and where its endpoints are."""

    authorize_url: str
    token_url: str
    client_id: str
    #: Called only when a code is exchanged: some providers want a fresh one each time.
    client_secret: str
    #: client_secret_basic, client_secret_post or none.
    client_auth: str

    def session(self) -> OAuthSession:
        return OAuthSession(  # type: ignore[call-arg]
            client_id=self.client_id,
            client_secret=self.client_secret,
            token_endpoint_auth_method=self.client_auth,
            # The code of somebody else is of no use in this browser (RFC 9700 2.1.1).
            code_challenge_method="S256",
        )


def begin(
    client: Client,
    *,
    redirect_uri: str,
    scopes: Sequence[str],
    extra: Mapping[str, str],
    has_pkce: bool = True,
) -> tuple[str, dict[str, str]]:
    """Return where to send the browser, and what to remember until it comes back."""
    pending = {"state": secrets.token_urlsafe(32)}
    if has_pkce:
        pending["verifier"] = secrets.token_urlsafe(48)
    url, _state = client.session().create_authorization_url(
        client.authorize_url,
        state=pending["state"],
        code_verifier=pending.get("verifier"),
        redirect_uri=redirect_uri,
        scope=" ".join(scopes),
        **extra,
    )
    return url, pending


def exchange(
    client: Client, code: str, *, verifier: str | None, redirect_uri: str
) -> dict[str, object]:
    """Return the answer of the token endpoint, which has an access token that can be sent."""
    proof = {} if verifier is None else {"code_verifier": verifier}
    session = client.session()
    session.register_compliance_hook("access_token_response", _read)
    with session:
        token: dict[str, object] = session.fetch_token(
            client.token_url, code=code, redirect_uri=redirect_uri, **proof
        )
    kind = token.get("token_type", "bearer")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise BadAnswer("token_type")
    if not is_credential(token.get("access_token")):
        raise BadAnswer("access_token")
    return token


def is_credential(text: object) -> bool:
    """Is this a code or a token that fits into a request, and adds nothing else to it?"""
    return (
        isinstance(text, str)
        and 0 < len(text) <= MAX_LETTERS
        and text.isascii()
        and text.isprintable()
    )


@contextmanager
def distrusting() -> Iterator[None]:
    """Turn whatever an answer breaks on its way into BadAnswer: people get a page, not an error."""
    try:
        yield
    except (AuthlibBaseError, JoseError) as error:
        is_ours = getattr(error, "error", "") == "invalid_client"
        raise BadAnswer("client" if is_ours else "grant") from error
    except requests.RequestException as error:
        raise BadAnswer("grant") from error
    except _BREAKAGE as error:
        raise BadAnswer("malformed") from error


def _read(response: requests.Response) -> requests.Response:
    # Before Authlib does, which has no answer to some kinds of JSON.
    as_object(json_of(response.content))
    return response
