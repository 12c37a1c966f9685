"""Who is asking: the network address of the client."""

import ipaddress
import logging
from functools import cache

from django.http import HttpRequest

from .conf import conf

logger = logging.getLogger("django_useraccounts.client")


def client_address(request: HttpRequest | None) -> str | None:
    """
    Return the address of the client, or None when there is none that can be believed.

    It is REMOTE_ADDR, unless USERACCOUNTS["PROXIES"] says how many reverse proxies append to
    X-Forwarded-For: only what those wrote is believed, since the rest comes from the client.
    """
    if request is None:
        return None
    text = request.META.get("REMOTE_ADDR", "")
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if conf.PROXIES:
        text = forwarded[-min(conf.PROXIES, len(forwarded))].strip() or text
    try:
        address = ipaddress.ip_address(_without_port_and_zone(text))
    except ValueError:
        if conf.PROXIES and text:
            _warn_of_text()
        return None
    # A server that listens on [::] writes IPv4 clients as IPv6, in one /64 all of them.
    address = getattr(address, "ipv4_mapped", None) or address
    if conf.PROXIES is None and address.is_private and forwarded != [""]:
        # A proxy that nobody has configured: all visitors would count as one, and soon be refused.
        _warn_of_proxy()
        return None
    return str(address)


def _without_port_and_zone(text: str) -> str:
    """Return the address in what a server or proxy writes: some add a port, "[::1]:443"."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    # No column and no network takes the zone of a link-local address.
    return text.partition("%")[0]


@cache
def _warn_of_text() -> None:
    """Say it once in the life of the process."""
    logger.warning(
        "A client has no address that can be read, so no limit counts for it alone: see what your "
        'proxies append to X-Forwarded-For, and USERACCOUNTS["PROXIES"].'
    )


@cache
def _warn_of_proxy() -> None:
    """Say it once in the life of the process."""
    logger.warning('Say in USERACCOUNTS how many proxies there are: {"PROXIES": 1}')


def client_network(request: HttpRequest | None) -> str | None:
    """Return what tells one client: its IPv4 address, or the /64 that IPv6 gives a home."""
    address = client_address(request)
    if address is None or ":" not in address:
        return address
    return str(ipaddress.ip_network(f"{address}/64", strict=False))
