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
        # Without the zone of a link-local address, which no column and no network takes.
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    # A server that listens on [::] writes IPv4 clients as IPv6, in one /64 all of them.
    address = getattr(address, "ipv4_mapped", None) or address
    if conf.PROXIES is None and address.is_private and forwarded != [""]:
        # A proxy that nobody has configured: all visitors would count as one, and soon be refused.
        _warn_of_proxy()
        return None
    return str(address)


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
