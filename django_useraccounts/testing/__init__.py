"""For tests of projects, and our own: users who are ready, their mails, and limits lifted."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import mock

from django.contrib.auth import get_user_model
from django.core import mail
from django.core.mail import EmailMessage
from django.db import transaction
from django.test import Client

from .. import limits
from ..models import AbstractUser, Role, UserEmail
from ..roles.flows import grant_role

#: The password of every user that ``make_user`` makes, unless another one is given.
PASSWORD = "correct horse battery staple"  # noqa: S105


def make_user(
    username: str = "maria",
    email: str | None = None,
    password: str | None = PASSWORD,
    *,
    roles: Sequence[str] = (),
    confirmed: bool = True,
    **fields: Any,
) -> AbstractUser:
    """
    Make a user with an address, confirmed or waiting, and with roles; roles that lack are made.

    Without ``email`` the address is ``<username>@example.com``; without password nobody can log in
    by one.
    """
    email = email or f"{username}@example.com"
    with transaction.atomic():
        users = get_user_model()._default_manager
        user: AbstractUser = users.create_user(
            username, email if confirmed else None, password, **fields
        )
        if not confirmed:
            UserEmail.objects.add_claim(user, email)
        for name in roles:
            Role.objects.get_or_create(name=name)
            grant_role(user, name, source="testing")
    return user


def log_in(client: Client, user: AbstractUser) -> Client:
    """Log the client in as ``user`` without a form, and return it."""
    client.force_login(user)  # type: ignore[arg-type]
    return client


def mails_to(address: str) -> list[EmailMessage]:
    """Return the mails that were sent to an address, oldest first."""
    return [message for message in mail.outbox if address in message.to]


def link_in(message: EmailMessage) -> str:
    """Return the path of the one-time link in a mail; LookupError if it has none."""
    match = re.search(r"https?://[^/\s]+(/\S*/[\w-]{64}/)", str(message.body))
    if not match:
        raise LookupError(f"No link in the mail “{message.subject}”.")
    return match[1]


def html_of(message: EmailMessage) -> str:
    """Return the HTML of a mail."""
    alternatives = getattr(message, "alternatives", [])
    return "".join(str(content) for content, kind in alternatives if kind == "text/html")


@contextmanager
def lifted_limits() -> Iterator[None]:
    """Count no attempts, so that a test may try as often as it likes."""
    with mock.patch.object(limits, "_windows", return_value=[]):
        yield
