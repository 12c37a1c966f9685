"""Which addresses may be called, and browsers sent to; it stands on no library."""

from urllib.parse import urlsplit

#: Where a provider under development runs, which has no certificate.
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def is_loopback(url: str) -> bool:
    """Does a URL lead to this machine itself?"""
    return urlsplit(url).hostname in LOOPBACK


def is_safe(url: object, *, may_be_loopback: bool) -> bool:
    """Is this an address that nobody on the way can answer for, and that asks for nobody's name?"""
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    if not parts.hostname or "@" in parts.netloc or "\\" in url:
        return False
    return parts.scheme == "https" or (
        parts.scheme == "http" and may_be_loopback and is_loopback(url)
    )
