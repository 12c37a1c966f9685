"""
Which browsers have logged in to an account: a cookie tells the owner's from those of strangers.

The cookie holds a random token and, for each account that has logged in with it, two HMACs: one
over token and user, which lasts, and one over the user's ``session_epoch``, too, which ends with
the sessions: whoever was in the account is no friend of it after a new password. No table knows of
it, and nothing of an account can be read from it. Source: OWASP, "Slow Down Online Guessing Attacks
with Device Cookies".
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Sequence

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.crypto import constant_time_compare, salted_hmac

from .models import AbstractUser

#: Django's error reports hide cookies that are called a token.
COOKIE = "useraccounts_device_token"
#: As long as browsers keep a cookie, in seconds: 400 days (RFC 6265bis, 5.6.2).
COOKIE_MAX_AGE = 400 * 86_400
#: How many accounts one browser is known to; the one that has not logged in for longest gives way.
ACCOUNTS_MAX = 5

# Of the request itself, not of what a client can send: that begins with HTTP_.
_NEW_TOKEN, _NOTED = "USERACCOUNTS_DEVICE_TOKEN", "USERACCOUNTS_LOGGED_IN"
_WRITTEN = re.compile(rf"[\w-]{{43}}(\.[\w-]{{44}}){{0,{ACCOUNTS_MAX}}}", re.ASCII)


def device_key(request: HttpRequest) -> str:
    """Return what rows may keep of the browser: a digest, of a new token if it brings none."""
    token, _entries = _read(request)
    return hashlib.sha256(token.encode()).hexdigest()


def is_known_device(request: HttpRequest, user_pk: object) -> bool:
    """Say whether the browser has logged in to the account before, whatever happened since."""
    token, entries = _read(request)
    return _is_among(_seals(token, user_pk), [entry[:22] for entry in entries])


def is_trusted_device(request: HttpRequest | None, user: AbstractUser | None) -> bool:
    """
    Say whether the browser has logged in to the account since all its sessions were ended last.

    It takes as long for nobody's account as for somebody's.
    """
    if request is None:
        return False
    token, entries = _read(request)
    pk, epoch = (user.pk, user.session_epoch) if user else ("", "")
    return _is_among(_seals(token, pk, epoch), [entry[22:] for entry in entries])


def note_device(request: HttpRequest, user: AbstractUser) -> None:
    """Have the answer to this request tell the browser that ``user`` has logged in there."""
    request.META[_NOTED] = user


def remember_device(response: HttpResponseBase, request: HttpRequest) -> None:
    """Set the cookie if somebody has logged in during this request, and still is."""
    user = request.META.get(_NOTED)
    # A login that the database has undone has left its note.
    if user is None or user != request.user:
        return
    token, entries = _read(request)
    known = _seals(token, user.pk)
    others = [entry for entry in entries if not _is_among(known, [entry[:22]])]
    own = known[0] + _seals(token, user.pk, user.session_epoch)[0]
    response.set_cookie(
        COOKIE,
        ".".join([token, own, *others][: 1 + ACCOUNTS_MAX]),
        max_age=COOKIE_MAX_AGE,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )


def _read(request: HttpRequest) -> tuple[str, list[str]]:
    """Return the token of the browser, or one that the answer may set, and its entries."""
    sent = request.COOKIES.get(COOKIE, "")
    if _WRITTEN.fullmatch(sent):
        token, *entries = sent.split(".")
        return token, entries
    return request.META.setdefault(_NEW_TOKEN, secrets.token_urlsafe(32)), []


def _seals(token: str, *facts: object) -> list[str]:
    """Return 128 bits of HMAC under the current key, then under those that are being retired."""
    text = "|".join(map(str, (token, *facts)))
    digests = [
        salted_hmac("django_useraccounts.devices", text, secret=key, algorithm="sha256").digest()
        for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    ]
    return [base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=") for digest in digests]


def _is_among(seals: Sequence[str], sent: Sequence[str]) -> bool:
    # All of them, so that time does not tell which one it was.
    return sum(constant_time_compare(seal, other) for seal in seals for other in sent) > 0
