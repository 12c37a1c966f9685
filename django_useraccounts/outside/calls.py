"""Calls to the outside that end: not waited for too long, not read too far, never led elsewhere."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NoReturn, Self

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ReadTimeoutError

from .addresses import is_loopback, is_safe


@dataclass(frozen=True)
class Bounds:
    """How long a call may take, in seconds, and how large its answer may be."""

    #: To wait for a connection, for the next bytes, and for the call as a whole.
    connect: float = 3.0
    read: float = 5.0
    total: float = 10.0
    #: How much of an answer is read: the longest key sets are a tenth of that.
    max_bytes: int = 256 * 1024


class CallFailed(Exception):
    """``reason`` is for logs and the audit trail: a word of ours, never what came from outside."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NoAnswer(CallFailed):
    """It does not answer in time, or only with an error of its own."""


class WrongAnswer(CallFailed):
    """Its answer, or where it is, is nothing to rely on."""


class Deadline:
    """
    Cuts the connections of a call when its time is over, whatever they wait for just then.

    The timeouts of a socket begin anew with each byte, so that a server that sends one byte every
    four seconds would hold a worker for hours: in the handshake, the headers, or the body. The name
    server alone, which is the site's own, has only the limits of the system.
    """

    def __init__(self, seconds: float) -> None:
        self.is_over = False
        self._connections: list[HTTPConnection] = []
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._token = _deadline.set(self)
        self._timer.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._timer.cancel()
        _deadline.reset(self._token)
        with self._lock:
            for wire in self._sockets:
                wire.close()
            for connection in self._connections:
                connection.close()
            self._sockets.clear()

    def watch(self, connection: HTTPConnection, wire: socket.socket) -> None:
        """Cut this connection, too; at once if the time is over already."""
        with self._lock:
            self._connections.append(connection)
            # A descriptor of its own: TLS takes the first one away from the socket it wraps.
            self._sockets.append(wire.dup())
        if self.is_over:
            self._cut()

    def _cut(self) -> None:
        with self._lock:
            self.is_over = True
            for watched in self._sockets:
                with suppress(OSError):
                    watched.shutdown(socket.SHUT_RDWR)


_deadline: ContextVar[Deadline] = ContextVar("deadline")


class _Watched(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        wire = super()._new_conn()
        _deadline.get().watch(self, wire)
        return wire


class _WatchedTLS(_Watched, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Watched


class _PoolTLS(HTTPSConnectionPool):
    ConnectionCls = _WatchedTLS


class WatchedAdapter(HTTPAdapter):
    """Has every connection watched by the deadline of the call; through proxies as well."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _PoolTLS}

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _PoolTLS}
        return manager


_stand_ins: dict[str, BaseAdapter] = {}
_stand_ins_lock = threading.Lock()


@contextmanager
def answering(prefix: str, adapter: BaseAdapter) -> Iterator[None]:
    """Let an adapter answer all calls to URLs with a prefix, in every thread: for tests."""
    global _stand_ins  # noqa: PLW0603
    with _stand_ins_lock:
        before = _stand_ins.get(prefix)
        _stand_ins = {**_stand_ins, prefix: adapter}
    try:
        yield
    finally:
        with _stand_ins_lock:
            others = {known: other for known, other in _stand_ins.items() if known != prefix}
            _stand_ins = others if before is None else {**others, prefix: before}


def _adapter_for(url: str) -> BaseAdapter:
    known = _stand_ins
    fitting = [prefix for prefix in known if url.startswith(prefix)]
    return known[max(fitting, key=len)] if fitting else WatchedAdapter()


class LimitedSession(requests.Session):
    """
    A session whose every call has its limits of time and size, and is not redirected.

    Raises NoAnswer for what does not answer, or with an error of its own (500 and above, 429), and
    WrongAnswer for what is too large or leads elsewhere.
    """

    bounds = Bounds()
    _adapter: BaseAdapter

    def request(self, method: str, url: str, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        """Make one call and read its answer whole."""
        if not is_safe(url, may_be_loopback=True):
            raise WrongAnswer("url")
        kwargs |= {"stream": True, "allow_redirects": False}
        kwargs["timeout"] = (self.bounds.connect, self.bounds.read)
        # No name and password from a .netrc that happens to lie about.
        kwargs["auth"] = kwargs.get("auth") or _unsigned
        # A small answer that unpacks to a large one has no use here.
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        kwargs["headers"] = {**headers, **(kwargs.get("headers") or {})}
        # A proxy of the environment reaches the outside, not this machine.
        self.trust_env = not is_loopback(url)
        response = self._call(method, url, kwargs)
        if response.status_code >= 500 or response.status_code == 429:
            raise NoAnswer("status")
        if 300 <= response.status_code < 400:
            raise WrongAnswer("redirect")
        return response

    def _call(self, method: str, url: str, kwargs: dict[str, Any]) -> requests.Response:
        # Not kept for the next call: a connection is watched by the deadline of one.
        self._adapter = _adapter_for(url)
        with Deadline(self.bounds.total) as deadline:
            try:
                response = super().request(method, url, **kwargs)
                try:
                    _read_whole(response, max_bytes=self.bounds.max_bytes)
                finally:
                    response.close()
            except OSError as error:
                # Those of requests, and a bare one where a file of certificates is gone.
                _tell(error, deadline)
            finally:
                self._adapter.close()
            if deadline.is_over:
                # What was cut off looks like the end of an answer whose length nobody announced.
                raise NoAnswer("timeout")
        return response

    def get_adapter(self, url: str) -> BaseAdapter:
        return self._adapter

    def get_redirect_target(self, resp: requests.Response) -> None:
        # requests would read the whole body, whatever its size, just to prepare the next call.
        return None


def _unsigned(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _read_whole(response: requests.Response, *, max_bytes: int) -> None:
    body = bytearray()
    for chunk in response.iter_content(16 * 1024):
        body += chunk
        if len(body) > max_bytes:
            raise WrongAnswer("size")
    response._content = bytes(body)


def _tell(error: OSError, deadline: Deadline) -> NoReturn:
    if isinstance(error, ValueError) and not isinstance(error, requests.ConnectionError):
        # A URL or a header that cannot be sent: made of what somebody has answered.
        raise WrongAnswer("url") from error
    # While a body is read, requests wraps the timeout of urllib3 into a ConnectionError.
    waited = any(
        isinstance(cause, requests.Timeout | ReadTimeoutError) for cause in (error, *error.args)
    )
    if deadline.is_over or waited:
        raise NoAnswer("timeout") from error
    is_tls = isinstance(error, requests.exceptions.SSLError) or not isinstance(
        error, requests.RequestException
    )
    raise NoAnswer("tls" if is_tls else "connection") from error
