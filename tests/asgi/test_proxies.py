"""Who is asking, where the server has already read X-Forwarded-For by rules of its own."""

import io
from importlib.util import find_spec

import pytest
from asgiref.sync import async_to_sync
from django.core.handlers.asgi import ASGIRequest

from django_useraccounts.client import client_address
from tests.conftest import missing

pytestmark = pytest.mark.one_database

#: What a client has made up, and what the one proxy of the site has written behind it.
SPOOFED, REAL = "8.8.4.4", "9.9.9.9"


def address_behind_uvicorn(*, believed: str) -> str | None:
    if not find_spec("uvicorn"):
        missing("asgi", "the Python package uvicorn is not installed")
    from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

    addresses = []

    async def application(scope, receive, send):
        addresses.append(client_address(ASGIRequest(scope, io.BytesIO())))

    headers = [(b"host", b"testserver"), (b"x-forwarded-for", f"{SPOOFED}, {REAL}".encode())]
    scope = {
        "type": "http", "method": "GET", "path": "/", "query_string": b"", "scheme": "http",
        "headers": headers, "client": ("127.0.0.1", 40000),
    }  # fmt: skip
    async_to_sync(ProxyHeadersMiddleware(application, trusted_hosts=believed))(scope, None, None)
    return addresses[0]


@pytest.mark.parametrize("believed", ["127.0.0.1", "*", "10.0.0.1"])
def test_what_the_proxy_wrote_counts_whatever_uvicorn_believes(believed, set_conf):
    set_conf(PROXIES=1)

    assert address_behind_uvicorn(believed=believed) == REAL


def test_without_a_number_of_proxies_a_uvicorn_that_believes_everybody_is_misled():
    assert address_behind_uvicorn(believed="127.0.0.1") == REAL
    # As docs/async.rst says: nothing tells that the address is one of the client's choice.
    assert address_behind_uvicorn(believed="*") == SPOOFED
    assert address_behind_uvicorn(believed="10.0.0.1") is None
