"""What the tests of logins by a provider share: a fake one, and the settings that name it."""

from collections.abc import Callable, Iterator

import pytest

from django_useraccounts.social.identities import Identity
from django_useraccounts.social.providers import provider_named
from django_useraccounts.testing.provider import FakeProvider
from tests.social.visits import has_providers, provider

__all__ = ["has_providers", "provider"]  # fixtures

REDIRECT_URI = "https://site.example/accounts/social-callback/guild/"
ISSUER = "https://id.example.com"
FRIDA = {
    "sub": "f-1",
    "email": "frida@example.com",
    "email_verified": True,
    "given_name": "Frida",
    "family_name": "Kahlo",
    "preferred_username": "frida",
}


@pytest.fixture
def set_providers(set_conf) -> Callable[..., None]:
    """Name the providers of the site for one test: ``set_providers(guild={…})``."""

    def change(**providers: object) -> None:
        set_conf(SOCIAL={"PROVIDERS": providers})

    return change


@pytest.fixture
def guild(set_providers) -> Iterator[FakeProvider]:
    """A provider of OpenID Connect by the name of guild, where Frida is known."""
    client = {"CLIENT_ID": "the-site", "CLIENT_SECRET": "the-secret"}
    set_providers(guild={"ISSUER": ISSUER, **client})
    with FakeProvider(issuer=ISSUER, person=FRIDA) as provider:
        yield provider


@pytest.fixture
def come_back() -> Callable[..., Identity]:
    """Log in at a fake provider, and return who has come back from it."""

    def log_in(fake: FakeProvider, name: str = "guild", **changed: str) -> Identity:
        provider = provider_named(name)
        begun = provider.begin(redirect_uri=REDIRECT_URI)
        callback = fake.agree(begun.url)
        answer = {**callback.data, **changed}
        return provider.finish(answer, begun.pending, redirect_uri=REDIRECT_URI)

    return log_in
