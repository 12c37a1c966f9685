"""Who is asking: the network address of the client."""

import ipaddress

from django.http import HttpRequest

from .conf import conf


def client_address(request: HttpRequest | None) -> str | None:
    """
    Return the address of the client, or None without a request or a usable address.

    It is REMOTE_ADDR, unless USERACCOUNTS["PROXIES"] says how many reverse proxies append to
    X-Forwarded-For: only what those wrote is believed, since the rest comes from the client.
    """
    if request is None:
        return None
    address = request.META.get("REMOTE_ADDR", "")
    if conf.PROXIES:
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        address = forwarded[-min(conf.PROXIES, len(forwarded))].strip() or address
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return None


def client_network(request: HttpRequest | None) -> str | None:
    """Return what tells one client: its IPv4 address, or the /64 that IPv6 gives a home."""
    address = client_address(request)
    if address is None or ":" not in address:
        return address
    return str(ipaddress.ip_network(f"{address}/64", strict=False))
