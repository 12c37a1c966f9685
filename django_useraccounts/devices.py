"""
Which browsers an account trusts: a cookie tells the owner's from those of strangers.

The cookie holds a random token and, for each account that has logged in with it, a seal: the
account trusts the browser until all its sessions end, since whoever was in the account is no friend
of it after a new password. A seal is an HMAC, so that no table knows of it, nobody can make one,
and nothing of an account can be read from it. It begins with what all seals of its account have in
common there, so that a new one takes the place of the last.
Source: OWASP, "Slow Down Online Guessing Attacks with Device Cookies".
"""

import base64
import hashlib
import re
import secrets

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.crypto import constant_time_compare, salted_hmac

from .cookies import read_cookie, write_cookie
from .models import AbstractUser

#: Django's error reports hide cookies that are called a token.
COOKIE = "useraccounts_device_token"
#: As long as browsers keep a cookie, in seconds: 400 days (RFC 6265bis, 5.6.2).
COOKIE_MAX_AGE = 400 * 86_400
#: One for each account; that of who has not logged in for longest gives way.
SEALS_MAX = 5

# Of the request itself, not of what a client can send: that begins with HTTP_.
_NEW_TOKEN, _NOTES = "USERACCOUNTS_DEVICE_TOKEN", "USERACCOUNTS_DEVICE_NOTES"
# How many letters of a seal are its account's, and how many its own.
_OF_ACCOUNT, _OF_SEAL = 6, 22
_WRITTEN = re.compile(
    rf"[\w-]{{43}}(\.[\w-]{{{_OF_ACCOUNT + _OF_SEAL}}}){{0,{SEALS_MAX}}}", re.ASCII
)


def device_key(request: HttpRequest) -> str:
    """Return what rows may keep of the browser: a digest, of a new token if it brings none."""
    token, _seals = _read(request)
    return hashlib.sha256(token.encode()).hexdigest()


def is_trusted_device(request: HttpRequest | None, user: AbstractUser | None) -> bool:
    """
    Say whether the owner was seen at the browser since all sessions of the account ended last.

    It takes as long for nobody's account as for somebody's.
    """
    if request is None:
        return False
    pk, epoch = (user.pk, user.session_epoch) if user else ("", "")
    token, seals = _read(request)
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    own = [_seal(token, pk, epoch, key=key) for key in keys]
    # All are compared, so that time does not tell which one it was.
    return sum(constant_time_compare(seal, sent) for seal in own for sent in seals) > 0


def trust_device(request: HttpRequest, user: AbstractUser) -> None:
    """Have the answer note that the owner of the account is at the browser, logged in or not."""
    request.META.setdefault(_NOTES, []).append((user.pk, user.session_epoch))


def forget_notes(request: HttpRequest) -> None:
    """Undo what a try has noted that the database has undone."""
    request.META.pop(_NOTES, None)


def remember_device(response: HttpResponseBase, request: HttpRequest) -> None:
    """Set the cookie if something was noted during this request."""
    if not (notes := request.META.get(_NOTES)):
        return
    token, seals = _read(request)
    own = [_seal(token, pk, epoch, key=settings.SECRET_KEY) for pk, epoch in notes]
    newest: dict[str, str] = {}
    for seal in [*reversed(own), *seals]:
        newest.setdefault(seal[:_OF_ACCOUNT], seal)
    text = ".".join([token, *list(newest.values())[:SEALS_MAX]])
    write_cookie(response, COOKIE, text, max_age=COOKIE_MAX_AGE, request=request)


def _read(request: HttpRequest) -> tuple[str, list[str]]:
    """Return the token of the browser, or one that the answer may set, and its seals."""
    sent = read_cookie(request, COOKIE)
    if _WRITTEN.fullmatch(sent):
        token, *seals = sent.split(".")
        return token, seals
    new_token: str = request.META.setdefault(_NEW_TOKEN, secrets.token_urlsafe(32))
    return new_token, []


def _seal(token: str, pk: object, epoch: object, *, key: str | bytes) -> str:
    """Return the seal of an account while its sessions have this epoch: 132 bits of an HMAC."""
    of_account = _hmac(token, "account", pk, key=key)[:_OF_ACCOUNT]
    return of_account + _hmac(token, "trusted", epoch, pk, key=key)[:_OF_SEAL]


def _hmac(*facts: object, key: str | bytes) -> str:
    text = "|".join(map(str, facts))
    digest = salted_hmac("django_useraccounts.devices", text, secret=key, algorithm="sha256")
    return base64.urlsafe_b64encode(digest.digest()).decode()
