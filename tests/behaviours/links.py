"""Mailed links, and every way in which one can be spoilt."""

from dataclasses import replace
from datetime import timedelta

from django.urls import reverse

from django_useraccounts.models import UserEmail
from django_useraccounts.secrets import Link, Purpose, issue, link_of, redeem

#: What is wrong with a link, the status of its page, and the reason that the page knows.
SPOILT = [
    ("cut short", 404, "invalid"),
    ("altered", 404, "invalid"),
    ("of another user", 404, "invalid"),
    ("expired", 410, "expired"),
    ("used", 410, "used"),
    ("replaced", 410, "used"),
]


def good_link(purpose: Purpose, address: UserEmail) -> str:
    """Return the path of a link that works."""
    return _path(purpose, str(link_of(issue(purpose, address=address))))


def spoilt_link(how: str, purpose: Purpose, address: UserEmail, other: UserEmail) -> str:
    """Return the path of a link for ``address`` that is spoilt; ``other`` is another user's."""
    if how == "expired":
        purpose = replace(purpose, max_age=lambda: timedelta(0))
    secret = issue(purpose, address=address)
    text = str(link_of(secret))
    if how == "cut short":
        text = text[:-1]
    elif how == "altered":
        text = text[:-1] + ("A" if text[-1] != "A" else "B")
    elif how == "of another user":
        text = str(Link(secret.pk, link_of(issue(purpose, address=other)).proof))
    elif how == "used":
        redeem(secret)
    elif how == "replaced":
        issue(purpose, address=address)
    return _path(purpose, text)


def _path(purpose: Purpose, text: str) -> str:
    return reverse(f"useraccounts:{purpose.name}", args=[text])
