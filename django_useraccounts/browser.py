"""Which browser this is: a random cookie tells the one that registered from any other."""

import hashlib
import re
import secrets

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.crypto import constant_time_compare

from .conf import conf
from .cookies import read_cookie, write_cookie

#: Django's error reports hide cookies that are called a token.
COOKIE = "useraccounts_browser_token"


def browser_token(request: HttpRequest) -> str:
    """Return the token that the browser sent, or a new one for ``mark_browser`` to set."""
    token = read_cookie(request, COOKIE)
    return token if re.fullmatch(r"[\w-]{43}", token, re.ASCII) else secrets.token_urlsafe(32)


def mark_browser(response: HttpResponseBase, token: str, *, request: HttpRequest) -> None:
    """Have the browser keep its token for as long as links work."""
    write_cookie(response, COOKIE, token, max_age=conf.LINK_MAX_AGE, request=request)


def browser_key(token: str) -> str:
    """Return what rows keep of a token: a digest, or "" for none."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest() if token else ""


def is_same_browser(request: HttpRequest, key: str) -> bool:
    """Say whether the request comes from the browser whose key a row has kept."""
    return bool(key) and constant_time_compare(browser_key(read_cookie(request, COOKIE)), key)
