"""Visits to a site whose people log in by a provider, and that provider."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from django_useraccounts.testing.provider import FakeProvider

ISSUER = "https://id.guild.example"
HANNAH = {
    "sub": "hannah-1",
    "email": "hannah@guild.example",
    "email_verified": True,
    "given_name": "Hannah",
    "family_name": "Höch",
    "preferred_username": "hannah",
}
OPTIONS = {
    "ISSUER": ISSUER,
    "CLIENT_ID": "the-site",
    "CLIENT_SECRET": "the-secret",
    "LABEL": "The Guild",
    "DOMAINS": ("guild.example",),
}


@pytest.fixture
def has_providers(set_conf: Callable[..., None]) -> None:
    set_conf(SOCIAL={"PROVIDERS": {"guild": OPTIONS}})


@pytest.fixture
def provider(has_providers: None) -> Iterator[FakeProvider]:
    with FakeProvider(issuer=ISSUER, person=HANNAH) as fake:
        yield fake


def url(name: str, *args: object) -> str:
    return reverse(f"useraccounts:{name}", args=args)


def begin(client: Client, *, next_url: str = "", name: str = "social_login") -> str:
    """Go to the provider, and return where the browser is sent."""
    data = {"next": next_url} if next_url else {}
    response = client.post(url(name, "guild"), data)
    assert response.status_code == 302, response.content.decode()
    return str(response["Location"])


def arrive(
    client: Client,
    provider: FakeProvider,
    person: dict[str, Any] | None = None,
    *,
    next_url: str = "",
    name: str = "social_login",
) -> Any:
    """Log in at the provider and come back; return the response to the browser."""
    callback = provider.agree(begin(client, next_url=next_url, name=name), person)
    return client.get(callback)


def path_of(response: Any) -> str:
    return urlsplit(response["Location"]).path


def user_of(client: Client) -> str:
    return str(client.session.get("_auth_user_id", ""))
