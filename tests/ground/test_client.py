"""The network address of the client."""

import pytest

from django_useraccounts import client
from django_useraccounts.client import client_address, client_network


def asking(rf, address, forwarded=None):
    headers = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded is not None else {}
    return rf.get("/", REMOTE_ADDR=address, **headers)


@pytest.mark.parametrize(
    "address, network",
    [
        ("203.0.113.5", "203.0.113.5"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:0001:2::", "2001:db8:1:2::/64"),
        ("::1", "::/64"),
    ],
)
def test_an_ipv6_home_is_one_client_and_an_ipv4_address_is_one(rf, address, network):
    assert client_network(asking(rf, address)) == network


def test_an_ipv4_client_of_a_server_that_speaks_both_is_one_client(rf):
    # A server that listens on [::] writes IPv4 clients so: as one /64, all of them would be one.
    one, other = asking(rf, "::ffff:203.0.113.5"), asking(rf, "::ffff:198.51.100.7")

    assert client_network(one) != client_network(other)
    assert client_network(one) == client_network(asking(rf, "203.0.113.5"))


@pytest.mark.parametrize("address", ["fe80::1%eth0", "fe80::1%25eth0"])
def test_an_address_with_the_name_of_a_network_card_breaks_nothing(rf, address):
    request = asking(rf, address)

    assert client_network(request) in {None, "fe80::/64"}
    # inet columns of PostgreSQL take no zone
    assert client_address(request) in {None, "fe80::1"}


@pytest.mark.parametrize("address", ["", "unix:", "localhost", "1.2.3", "1.2.3.4.5", "x" * 10_000])
def test_what_is_no_address_is_none(rf, address):
    assert client_address(asking(rf, address)) is None
    assert client_network(asking(rf, address)) is None


def test_without_a_request_there_is_no_client():
    assert client_address(None) is None
    assert client_network(None) is None


@pytest.mark.asvs("4.1.3", "15.3.4")
@pytest.mark.parametrize(
    "proxies, forwarded, address",
    [
        # what the client says of itself is not believed
        (0, "8.8.8.8", "9.9.9.9"),
        (None, "8.8.8.8", "9.9.9.9"),
        (None, None, "9.9.9.9"),
        (1, "8.8.8.8", "8.8.8.8"),
        (1, "6.6.6.6, 8.8.8.8", "8.8.8.8"),
        (2, "8.8.8.8, 10.0.0.1", "8.8.8.8"),
        (2, "6.6.6.6, 8.8.8.8, 10.0.0.1", "8.8.8.8"),
        (2, "6.6.6.6,8.8.8.8,10.0.0.1", "8.8.8.8"),
        # nothing was appended: somebody came past the proxy
        (1, None, "9.9.9.9"),
        (1, "", "9.9.9.9"),
    ],
)
def test_only_what_the_proxies_of_the_site_have_written_is_believed(
    rf, set_conf, proxies, forwarded, address
):
    set_conf(PROXIES=proxies)

    assert client_address(asking(rf, "9.9.9.9", forwarded)) == address


@pytest.mark.parametrize(
    "forwarded, address",
    [
        # as the Application Gateway of Azure and some others write it
        ("203.0.113.7:51234", "203.0.113.7"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[::ffff:203.0.113.7]:443", "203.0.113.7"),
        ("6.6.6.6, 203.0.113.7:51234", "203.0.113.7"),
    ],
)
def test_a_proxy_may_write_the_port_beside_the_address(rf, set_conf, forwarded, address):
    set_conf(PROXIES=1)

    assert client_address(asking(rf, "10.0.0.1", forwarded)) == address


@pytest.mark.parametrize(
    "text", ["unknown", "_hidden", "203.0.113.7:80:80", "[", ":", "2001:db8::1]:443"]
)
def test_what_a_proxy_wrote_and_is_no_address_breaks_no_page_and_is_told_once(
    rf, set_conf, caplog, text
):
    client._warn_of_text.cache_clear()  # it warns once in the life of a process
    set_conf(PROXIES=1)

    for _ in range(2):
        assert client_address(asking(rf, "9.9.9.9", text)) is None

    (record,) = caplog.records
    assert record.getMessage() == (
        "A client has no address that can be read, so no limit counts for it alone: see what your "
        'proxies append to X-Forwarded-For, and USERACCOUNTS["PROXIES"].'
    )


@pytest.mark.parametrize("proxy", ["127.0.0.1", "10.0.0.1", "::1", "::ffff:10.0.0.1", "fd00::1"])
def test_behind_a_proxy_that_nobody_has_configured_nobody_is_counted_as_all(rf, proxy, caplog):
    client._warn_of_proxy.cache_clear()  # it warns once in the life of a process
    request = asking(rf, proxy, "8.8.8.8")

    assert client_network(request) is None
    assert 'how many proxies there are: {"PROXIES": 1}' in caplog.text


def test_a_site_that_says_it_has_no_proxy_believes_the_address_alone(rf, set_conf, caplog):
    set_conf(PROXIES=0)

    assert client_address(asking(rf, "10.0.0.1", "8.8.8.8")) == "10.0.0.1"
    assert client_address(asking(rf, "127.0.0.1")) == "127.0.0.1"
    assert caplog.text == ""


def test_a_visitor_from_the_same_house_is_a_client_as_long_as_nothing_was_forwarded(rf):
    assert client_network(asking(rf, "10.0.0.1")) == "10.0.0.1"
