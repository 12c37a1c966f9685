"""Servers without a socket: what answers the calls of a site in its tests."""

import base64
import io
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from ..outside.calls import answering

#: Any JSON: what the fakes answer is to be broken at will.
JSON = Any


class Refused(AssertionError):
    """A real provider would have shown an error page; or the fake itself is mistaken."""


@dataclass(frozen=True)
class Asked:
    """A call that has come in."""

    method: str
    url: str
    headers: Mapping[str, str]
    #: The fields of a form, or the parameters of the query.
    data: dict[str, str]

    @property
    def token(self) -> str:
        """The bearer token that it carries, or ""."""
        kind, _space, token = self.headers.get("Authorization", "").partition(" ")
        return token if kind.lower() == "bearer" else ""

    @property
    def client(self) -> tuple[str, str]:
        """Id and secret of the client, from the header or the form."""
        kind, _space, text = self.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            name, _colon, secret = base64.b64decode(text).decode().partition(":")
            return name, secret
        return self.data.get("client_id", ""), self.data.get("client_secret", "")


@dataclass(frozen=True)
class Answer:
    """What goes out: JSON or, for broken ones, any bytes."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] | None = None

    @classmethod
    def of(cls, content: JSON, *, status: int = 200) -> Self:
        return cls(status, json.dumps(content).encode(), {"Content-Type": "application/json"})


class Fake:
    """
    A server without a socket: endpoints by their names, calls counted, answers broken on demand.

    ``calls["token"]`` counts how often an endpoint was asked; ``asked`` holds the calls.
    """

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.asked: list[tuple[str, Asked]] = []
        self._endpoints: dict[str, tuple[str, Callable[[Asked], JSON]]] = {}
        self._changes: dict[str, Callable[[JSON], JSON]] = {}
        self._instead: dict[str, Answer | Exception] = {}
        self._lock = threading.Lock()
        self._stack = ExitStack()

    def serve(self, name: str, url: str, handler: Callable[[Asked], JSON]) -> None:
        """Answer calls to a URL by what the handler returns: JSON, or an Answer."""
        self._endpoints[url] = (name, handler)

    def answers(
        self,
        endpoint: str,
        change: Callable[[JSON], JSON] | JSON = None,
        *,
        status: int = 200,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        fails: Exception | None = None,
    ) -> None:
        """
        Break the answers of an endpoint from now on.

        ``change`` is other JSON, or a function of the JSON that it would be; ``body`` any bytes;
        ``fails`` what the connection raises, such as ``requests.ConnectionError()``.
        """
        if fails is not None:
            self._instead[endpoint] = fails
        elif body is not None or (status != 200 and change is None):
            self._instead[endpoint] = Answer(status, body or b"", headers)
        elif callable(change):
            self._changes[endpoint] = change
        else:
            self._changes[endpoint] = lambda _answer: change

    def mends(self, endpoint: str) -> None:
        """Let an endpoint answer again as it should."""
        self._instead.pop(endpoint, None)
        self._changes.pop(endpoint, None)

    def __enter__(self) -> Self:
        adapter = _Adapter(self)
        for host in {_origin(url) for url in self._endpoints}:
            self._stack.enter_context(answering(f"{host}/", adapter))
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stack.close()

    def handle(self, asked: Asked) -> Answer:
        """Answer one call."""
        name, handler = self._endpoint_of(asked.url.partition("?")[0])
        with self._lock:
            self.calls[name] += 1
            self.asked.append((name, asked))
        instead = self._instead.get(name)
        if isinstance(instead, Exception):
            raise instead
        if instead is not None:
            return instead
        answer = handler(asked)
        if isinstance(answer, Answer):
            return answer
        change = self._changes.get(name)
        return Answer.of(change(answer) if change else answer)

    def _endpoint_of(self, url: str) -> tuple[str, Callable[[Asked], JSON]]:
        return self._endpoints.get(url, ("", _not_found))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _not_found(asked: Asked) -> Answer:
    return Answer(404)


class _Adapter(BaseAdapter):
    """Hands the calls of ``requests`` to a fake."""

    def __init__(self, fake: Fake) -> None:
        super().__init__()
        self._fake = fake

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        body = request.body or urlsplit(request.url or "").query
        text = body.decode() if isinstance(body, bytes) else str(body)
        asked = Asked(
            method=request.method or "GET",
            url=request.url or "",
            headers=CaseInsensitiveDict(_texts(request.headers)),
            data=dict(parse_qsl(text, keep_blank_values=True)),
        )
        try:
            answer = self._fake.handle(asked)
        except (requests.RequestException, AssertionError):
            raise
        except Exception as error:
            # A mistake of the test: the site must not take it for a bad answer.
            raise Refused(f"The fake failed at {asked.url}: {error!r}") from error
        response = requests.Response()
        response.status_code, response.url, response.request = answer.status, asked.url, request
        response.headers.update(answer.headers or {})
        response.raw = io.BytesIO(answer.body)
        return response

    def close(self) -> None:
        pass


def _texts(headers: Mapping[str, str | bytes]) -> Iterable[tuple[str, str]]:
    for name, text in headers.items():
        yield name, text.decode("latin-1") if isinstance(text, bytes) else text
