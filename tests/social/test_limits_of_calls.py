"""Servers that hold a caller, or flood it: over real sockets, each call ends in time."""

import gc
import gzip
import itertools
import socket
import ssl

import pytest

from django_useraccounts.outside.calls import Bounds
from django_useraccounts.social.errors import BadAnswer, ProviderUnreachable
from django_useraccounts.social.protocol import http
from django_useraccounts.testing.provider import FakeProvider
from tests.dripping import FLOOD, OK, drops, server, within

# Python's own SSLSocket stays unclosed when its connection ends just before the handshake.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")


@pytest.fixture(autouse=True)
def _collected_here():
    yield
    gc.collect()


@pytest.fixture
def short_limits(monkeypatch):
    """Wait for tenths of a second instead of seconds."""
    monkeypatch.setattr(http.ProviderSession, "bounds", Bounds(read=0.3, total=0.7))


def test_an_answer_comes_through():
    with server([OK + b"Content-Length: 8\r\n\r\n", b'{"a": 1}']) as host:
        assert http.fetch(f"http://{host}/") == {"a": 1}


def test_an_answer_that_ends_with_its_connection_comes_through():
    with server([OK + b"\r\n", b'{"a": 1}']) as host:
        assert http.fetch(f"http://{host}/") == {"a": 1}


@pytest.mark.asvs("16.5.2")
@pytest.mark.usefixtures("short_limits")
@pytest.mark.parametrize(
    "pieces, pause",
    [
        pytest.param([], 0, id="silence"),
        pytest.param([OK + b"Content-Length: 8\r\n\r\n"], 0, id="silence-after-headers"),
        pytest.param(drops(b"HTTP/1.1 200 OK\r\nX: a"), 0.05, id="drops-of-headers"),
        pytest.param(
            itertools.chain([OK + b"Content-Length: 90000\r\n\r\n"], drops(b"{")),
            0.05,
            id="drops-of-a-body",
        ),
        pytest.param(
            itertools.chain([OK + b"\r\n"], drops(b"{")), 0.05, id="drops-of-an-unannounced-body"
        ),
        pytest.param(
            itertools.chain(
                [OK + b"Transfer-Encoding: chunked\r\n\r\n"], itertools.repeat(b"1\r\n{\r\n")
            ),
            0.05,
            id="drops-of-chunks",
        ),
        pytest.param(
            itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n"), 0.05, id="promises-for-ever"
        ),
    ],
)
def test_a_slow_server_holds_nobody_longer_than_the_limit(pieces, pause):
    with (
        server(pieces, pause=pause, ends=False) as host,
        within(4),
        pytest.raises(ProviderUnreachable) as told,
    ):
        http.fetch(f"http://{host}/")

    assert told.value.reason == "timeout"


def test_a_handshake_in_drops_holds_nobody_longer_than_the_limit(monkeypatch):
    # Longer than it takes to load the certificates of the world.
    monkeypatch.setattr(http.ProviderSession, "bounds", Bounds(total=3))
    # A record of TLS that announces 16 kB.
    with (
        server(drops(b"\x16\x03\x03\x40\x00\x02"), pause=0.05) as host,
        within(9),
        pytest.raises(ProviderUnreachable) as told,
    ):
        http.fetch(f"https://{host}/")

    assert told.value.reason == "timeout"


@pytest.mark.parametrize(
    "head",
    [
        OK + b"\r\n",
        OK + b"Content-Length: 99999999999\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: https://evil.example/\r\n\r\n",
    ],
)
def test_a_flood_is_not_drunk(head):
    with (
        server(itertools.chain([head], itertools.repeat(FLOOD))) as host,
        within(4),
        pytest.raises(BadAnswer) as refused,
    ):
        http.fetch(f"http://{host}/")

    assert refused.value.reason == "size"


def test_chunks_without_end_are_not_drunk():
    chunks = itertools.repeat(b"10000\r\n" + FLOOD + b"\r\n")
    head = OK + b"Transfer-Encoding: chunked\r\n\r\n"

    with (
        server(itertools.chain([head], chunks)) as host,
        within(4),
        pytest.raises(BadAnswer) as refused,
    ):
        http.fetch(f"http://{host}/")

    assert refused.value.reason == "size"


def test_a_small_answer_that_unpacks_to_a_large_one_is_refused():
    bomb = gzip.compress(b"a" * 50_000_000)
    head = OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)

    with server([head, bomb]) as host, within(4), pytest.raises(BadAnswer) as refused:
        http.fetch(f"http://{host}/")

    assert refused.value.reason == "size"


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([b"\x00\xff\x00\r\n\r\n"], id="noise"),
        pytest.param([b"HTTP/1.1 abc\r\n\r\n"], id="no-status"),
        pytest.param([OK + b"Content-Length: 90\r\n\r\n", b"{}"], id="cut-short"),
        pytest.param([OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"], id="no-chunk"),
        pytest.param([OK + b"X: 1\r\n" * 5000 + b"\r\n"], id="headers-without-end"),
        pytest.param([b"HTTP/1.1 200 " + b"a" * 90_000 + b"\r\n\r\n"], id="a-line-without-end"),
        pytest.param(
            [OK + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"], id="not-packed"
        ),
    ],
)
def test_what_is_no_http_is_an_outage(pieces):
    with server(pieces) as host, within(4), pytest.raises(ProviderUnreachable) as told:
        http.fetch(f"http://{host}/")

    assert told.value.reason == "connection"


def test_nobody_at_home_is_an_outage():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(ProviderUnreachable) as told:
        http.fetch(f"http://127.0.0.1:{port}/")

    assert told.value.reason == "connection"


def test_a_server_without_tls_is_told_by_name():
    with (
        server([b"HTTP/1.1 200 OK\r\n\r\n"]) as host,
        pytest.raises(ProviderUnreachable) as told,
    ):
        http.fetch(f"https://{host}/")

    assert told.value.reason == "tls"


@pytest.mark.asvs("12.3.2")
def test_a_server_whose_certificate_nobody_trusts_is_told_by_name(certificate):
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    with (
        server([OK + b"Content-Length: 8\r\n\r\n", b'{"a": 1}'], tls=tls) as host,
        pytest.raises(ProviderUnreachable) as told,
    ):
        http.fetch(f"https://{host}/")

    assert told.value.reason == "tls"


def test_a_file_of_certificates_that_is_gone_is_told_by_name(monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/file.pem")

    # It is looked for before the address is called.
    with pytest.raises(ProviderUnreachable) as told:
        http.fetch("https://192.0.2.1/")

    assert told.value.reason == "tls"


def test_passwords_that_lie_about_go_nowhere(tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine id.example.com login maria password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))

    with FakeProvider() as fake:
        http.fetch("https://id.example.com/keys")

    ((_name, asked),) = fake.asked
    assert "Authorization" not in asked.headers


@pytest.mark.usefixtures("short_limits")
def test_a_proxy_that_holds_the_call_is_cut_off_too(monkeypatch):
    with server(drops(b"HTTP/1.1 200 OK\r\nX: a"), pause=0.05) as host:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{host}")
        with within(4), pytest.raises(ProviderUnreachable) as told:
            http.fetch("https://id.example.com/")

    assert told.value.reason == "timeout"


def test_this_machine_is_not_reached_through_a_proxy(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    with server([OK + b"Content-Length: 2\r\n\r\n{}"]) as host:
        assert http.fetch(f"http://{host}/") == {}


@pytest.mark.asvs("12.3.1")
@pytest.mark.parametrize("url", ["http://id.example.com/", "file:///etc/passwd", "id.example.com"])
def test_nothing_is_asked_where_others_listen(url):
    with pytest.raises(BadAnswer) as refused:
        http.fetch(url)

    assert refused.value.reason == "url"
