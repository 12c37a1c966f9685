"""Which providers the settings name."""

import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import translation
from django.utils.translation import gettext_lazy

from django_useraccounts.social.providers import (
    OAuth2Provider,
    OpenIDProvider,
    all_providers,
    provider_named,
)

CLIENT = {"CLIENT_ID": "the-site", "CLIENT_SECRET": "the-secret"}
ISSUER = {"ISSUER": "https://id.example.com"}


class Club(OAuth2Provider):
    label = "The Club"
    issuer = "https://club.example"
    authorize_url = "https://club.example/authorize"
    token_url = "https://club.example/token"

    def fetch_profile(self, call):
        member = call.get_json("https://club.example/me")
        return {"sub": member["id"], "preferred_username": member["nick"]}


CLUB = f"{__name__}.Club"


def test_providers_keep_the_order_of_the_settings(set_providers):
    set_providers(zoo={**ISSUER, **CLIENT}, guild={**ISSUER, **CLIENT})

    assert [*all_providers()] == ["zoo", "guild"]
    assert provider_named("guild").name == "guild"


def test_without_settings_there_is_nobody():
    assert all_providers() == {}
    with pytest.raises(KeyError):
        provider_named("guild")


def test_providers_are_made_once_until_the_settings_change(set_providers):
    set_providers(guild={**ISSUER, **CLIENT})
    first = provider_named("guild")
    assert provider_named("guild") is first

    set_providers(guild={**ISSUER, **CLIENT, "LABEL": "Artists"})
    assert provider_named("guild").label == "Artists"


def test_an_issuer_needs_no_class(set_providers):
    set_providers(**{"the-guild": {**ISSUER, **CLIENT}})

    guild = provider_named("the-guild")

    assert isinstance(guild, OpenIDProvider)
    assert (guild.label, guild.issuer) == ("The Guild", "https://id.example.com")
    assert guild.scopes == ("openid", "email", "profile")


def test_a_class_of_ones_own_is_named_by_its_path(set_providers, monkeypatch):
    monkeypatch.setitem(sys.modules, __name__, sys.modules[Club.__module__])
    set_providers(club={"PROVIDER": CLUB, **CLIENT}, other={"PROVIDER": CLUB, **CLIENT})

    assert type(provider_named("club")).__name__ == "Club"
    assert provider_named("other").label == "The Club"


@pytest.mark.parametrize(
    "name", ["", "Guild", "the guild", "guild/", "-guild", "gu--ild", "ö", 7, 41 * "g"]
)
def test_a_name_has_to_fit_into_a_url_and_its_column(set_conf, name):
    set_conf(SOCIAL={"PROVIDERS": {name: {**ISSUER, **CLIENT}}})

    with pytest.raises(ImproperlyConfigured, match="needs a name like my-provider"):
        provider_named(name)


@pytest.mark.parametrize(
    "options, message",
    [
        (None, "is not a dictionary"),
        ("https://id.example.com", "is not a dictionary"),
        ({}, "is no preset"),
        (CLIENT, "is no preset"),
        ({"PROVIDER": "nobody", **CLIENT}, "is no preset"),
        ({"PROVIDER": "nobody.at.Home", **ISSUER, **CLIENT}, "is no preset"),
        ({"PROVIDER": "django.contrib.auth.models.User", **CLIENT}, "is no Provider"),
        ({"PROVIDER": "django.contrib.auth.login", **CLIENT}, "is no Provider"),
        (ISSUER, "needs CLIENT_ID, CLIENT_SECRET"),
        ({**ISSUER, "CLIENT_ID": "a", "CLIENT_SECRET": ""}, "needs CLIENT_SECRET"),
        ({**ISSUER, **CLIENT, "ISUER": "x"}, "has no option “ISUER”"),
        ({**CLIENT, "ISSUER": "id.example.com"}, "has no URL as its ISSUER"),
        ({**CLIENT, "ISSUER": 7}, "has no URL as its ISSUER"),
        ({**ISSUER, **CLIENT, "DOMAINS": "example.com"}, "DOMAINS of the provider “guild”"),
        ({**ISSUER, **CLIENT, "SCOPES": "openid email"}, "SCOPES of the provider “guild”"),
        ({**ISSUER, **CLIENT, "SCOPES": [7]}, "has to be a tuple of strings"),
    ],
)
def test_what_cannot_be_meant_is_said_at_once(set_providers, options, message):
    set_providers(guild=options)

    with pytest.raises(ImproperlyConfigured, match=message):
        provider_named("guild")


def test_who_logs_in_by_another_way_is_not_kept_out_by_a_key_that_lacks(set_providers, caplog):
    set_providers(guild=ISSUER, club={**ISSUER, **CLIENT})

    assert list(all_providers()) == ["club"]
    assert "needs CLIENT_ID, CLIENT_SECRET" in caplog.text


def test_providers_are_read_without_the_libraries_that_a_login_needs():
    script = """
import sys, django
from django.conf import settings
settings.configure(USERACCOUNTS={"SOCIAL": {"PROVIDERS": {"guild": {
    "ISSUER": "https://id.example.com", "CLIENT_ID": "a", "CLIENT_SECRET": "b"}}}})
from django_useraccounts.social.providers import all_providers
all_providers()
import django_useraccounts.social.sealing
print([name for name in ("authlib", "joserfc", "requests", "cryptography") if name in sys.modules])
"""

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert done.stdout.strip() == "[]", done.stderr


def test_a_label_is_read_in_the_language_of_each_reader(set_providers):
    set_providers(guild={**ISSUER, **CLIENT, "LABEL": gettext_lazy("Password")})

    provider = provider_named("guild")

    with translation.override("de"):
        assert str(provider.label) == "Passwort"
    assert str(provider.label) == "Password"
