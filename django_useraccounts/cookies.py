"""
Cookies of our own: read and set here alone, by names that nobody else can set them by.

Where the site's cookies are for https alone, a browser takes a name with ``__Host-`` only from this
host and for all its paths, and one with ``__Secure-`` only by https: so neither another host of the
domain nor somebody on the way can plant a cookie. Source: ASVS 5.0, 3.3.1 and 3.3.3; RFC 6265bis.
"""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase


def cookie_name(name: str, *, path: str = "/") -> str:
    """Return what the browser calls a cookie of ours, which is for ``path``."""
    if not settings.SESSION_COOKIE_SECURE:
        return name
    return f"__Host-{name}" if path == "/" else f"__Secure-{name}"


def read_cookie(request: HttpRequest, name: str, *, path: str = "/") -> str:
    """Return what the browser has sent by a cookie of ours, "" for nothing."""
    # Never by the name without the prefix: that may be planted.
    return request.COOKIES.get(cookie_name(name, path=path), "")


def write_cookie(
    response: HttpResponseBase,
    name: str,
    value: str,
    *,
    path: str = "/",
    max_age: int | timedelta | None = None,
    request: HttpRequest,
) -> None:
    """Have the browser keep a cookie out of the reach of scripts, with no forms of other sites."""
    response.set_cookie(
        cookie_name(name, path=path),
        value,
        path=path,
        max_age=max_age,
        # By a prefix it has to be, also behind a proxy of which Django knows nothing.
        secure=settings.SESSION_COOKIE_SECURE or request.is_secure(),
        httponly=True,
        samesite="Lax",
    )
