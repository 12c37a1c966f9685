"""Each setting of ours has a value that ``check --deploy`` warns of, or none that weakens."""

from collections.abc import Iterator
from dataclasses import fields

import pytest

from django_useraccounts.conf import Conf
from django_useraccounts.room import rooms
from django_useraccounts.social.providers import (
    PRESETS,
    OAuth2Provider,
    OpenIDProvider,
    provider_class,
)
from tests.ground.weakenings import WEAK

pytestmark = pytest.mark.one_database

#: Why no value weakens.
HARMLESS = {
    "SITE_NAME": "It is shown; where a request chooses it, it chooses where links lead (W003, W025).",
    "POLICY": "What a site answers is code of its own, which no check can judge.",
    "USERNAME": "Whatever people are called, a password, a link or a provider proves them.",
    "EMAIL": "A site without addresses is another site; docs/identities.rst tells what it lacks.",
    "LOGIN_BY": "Guesses are counted for each name, and for the account whichever name they use.",
    "RETYPE": "It asks for more than by default.",
    "EMAILS_PER_USER": "Each address is proved before it opens anything.",
    "UNCONFIRMED_MAX_AGE": "What nobody has confirmed opens nothing, and keeps no owner out.",
    "TERMS_VERSION": "It asks for more than by default.",
    "ROLES": "It names roles; who has one is another question.",
    "SESSIONS.PER_USER": "The default is any number.",
    "MEMBERSHIPS.STRIPE_WEBHOOK_SECRET": "Stripe makes it; by another one no word of Stripe counts.",
    "SOCIAL.PROVIDERS": "Its options are here one by one.",
    "PROVIDERS.CLIENT_ID": "The provider makes it; by another one nobody comes in.",
    "PROVIDERS.CLIENT_SECRET": "The provider makes it; by another one nobody comes in.",
    "PROVIDERS.TEAM_ID": "The provider makes it; by another one nobody comes in.",
    "PROVIDERS.KEY_ID": "The provider makes it; by another one nobody comes in.",
    "PROVIDERS.PRIVATE_KEY": "The provider makes it; by another one nobody comes in.",
    "PROVIDERS.ISSUER": "One of plain http is an error (E008), also where nobody asks for --deploy.",
    "PROVIDERS.PROVIDER": "A class is code; one that binds no browser is told always (W003).",
    "PROVIDERS.LABEL": "It is shown.",
    "PROVIDERS.SCOPES": "They say what a provider tells, and nothing of whose word counts.",
    "PROVIDERS.KEEP_TOKENS": "They are kept encrypted, under a key that is in no table.",
    "PROVIDERS.TENANT": "The word of Microsoft on an address counts for no tenant.",
}


def all_settings() -> Iterator[str]:
    """Yield each setting, those of rooms and of providers behind a name and a dot."""
    kinds = {room.conf.room: room.conf.kind for room in rooms() if room.conf is not None}
    yield from (field.name for field in fields(Conf))
    yield from (f"{name}.{field.name}" for name, kind in kinds.items() for field in fields(kind))
    presets = [provider_class(name, {}) for name in PRESETS]
    for provider in (*presets, OpenIDProvider, OAuth2Provider):
        yield from (f"PROVIDERS.{option}" for option in provider.known_options())


def told() -> set[str]:
    """Return the settings of the table of weakenings, which the checks are held to."""
    found = set()
    for _name, given, _ids in WEAK:
        for name, value in given.get("USERACCOUNTS", {}).items():
            # The limits are a dictionary, too, but of one setting.
            of_room = isinstance(value, dict) and name != "LIMITS"
            found |= {f"{name}.{own}" for own in value} if of_room else {name}
            for options in value.get("PROVIDERS", {}).values() if of_room else ():
                found |= {f"PROVIDERS.{option}" for option in options}
    return found - NEEDED


#: What an entry of the table has to say before it can weaken anything.
NEEDED = {
    *("EMAIL", "USERNAME"),
    *("SOCIAL.PROVIDERS", "MEMBERSHIPS.STRIPE_WEBHOOK_SECRET"),
    *("PROVIDERS.ISSUER", "PROVIDERS.CLIENT_ID", "PROVIDERS.CLIENT_SECRET"),
}


def test_every_setting_is_told_or_harmless() -> None:
    assert set(all_settings()) == told() | HARMLESS.keys()


def test_none_is_both() -> None:
    assert told() & HARMLESS.keys() == set()
