"""docs/social.rst tells the truth about logins by a provider."""

import json
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest
from django.urls import clear_url_caches
from docutils import nodes

import django_useraccounts.social
from django_useraccounts.social import signals
from django_useraccounts.social.models import Connection
from django_useraccounts.social.providers import all_providers
from django_useraccounts.social.sealing import seal
from django_useraccounts.testing import make_user
from tests.readme import document
from tests.social.visits import HANNAH, arrive, url

pytestmark = pytest.mark.django_db

PAGE = document("docs/social.rst")
BLOCKS = [found.astext() for found in PAGE.findall(nodes.literal_block)]


def code(part):
    [text] = [text for text in BLOCKS if part in text]
    return text


def run(part):
    names: dict = {}
    exec(code(part), names)
    return names


def words_of(head):
    """Return what stands as code in the table whose first column has this head."""
    [table] = [
        group
        for group in PAGE.findall(nodes.tgroup)
        if next(group.findall(nodes.entry)).astext() == head
    ]
    return {literal.astext() for literal in table.findall(nodes.literal)}


def test_its_test_opens_an_account(client, db, settings):
    run("def test_who_comes")["test_who_comes_from_the_guild_gets_an_account"](client, db, settings)


def test_its_code_reads_the_token_that_was_kept():
    maria = make_user("maria")
    tokens = seal(json.dumps({"access_token": "open sesame"}))
    Connection.objects.create(user=maria, provider="guild", key="k", tokens=tokens)

    access_token = run("def access_token")["access_token"]

    assert access_token(maria) == "open sesame"
    assert access_token(make_user("frida")) is None


@pytest.fixture
def replaced_page(monkeypatch, settings):
    """The project of the page, with a page of its own."""
    for name, part in (
        ("pages", "class OurForm"),
        ("urls", 'path("accounts/complete-registration/"'),
    ):
        module = ModuleType(f"mysite.{name}")
        monkeypatch.setitem(sys.modules, "mysite", ModuleType("mysite"))
        monkeypatch.setitem(sys.modules, module.__name__, module)
        exec(code(part), vars(module))
    settings.ROOT_URLCONF = "mysite.urls"
    clear_url_caches()
    yield
    clear_url_caches()


def test_a_page_of_the_project_is_asked_even_if_nothing_lacks(
    client, provider, replaced_page, set_conf
):
    set_conf(USERNAME="off")

    response = arrive(client, provider)

    assert response["Location"] == url("complete_registration")
    assert 'name="newsletter"' in client.get(response["Location"]).content.decode()
    assert client.post(response["Location"], {"email": HANNAH["email"]}).status_code == 302
    assert Connection.objects.get().user.email == HANNAH["email"]


def test_its_words_of_what_is_refused_are_those_of_the_code():
    known = _words_in_the_code()

    assert words_of("What is wrong") <= known


def test_its_signals_exist():
    assert signals.provider_connected and signals.provider_disconnected
    text = PAGE.astext()
    assert all(name in text for name in vars(signals) if name.startswith("provider_"))


def test_its_settings_name_providers_that_can_be_meant(settings, monkeypatch):
    for name in ("GOOGLE", "GUILD"):
        monkeypatch.setenv(f"{name}_CLIENT_ID", "the-site")
        monkeypatch.setenv(f"{name}_CLIENT_SECRET", "the-secret")
    names = {"os": os}
    exec(code("GUILD_CLIENT_ID"), names)

    settings.USERACCOUNTS = names["USERACCOUNTS"]

    assert [provider.label for provider in all_providers().values()] == ["Google", "The Guild"]


def _words_in_the_code():
    folder = Path(django_useraccounts.social.__file__).parent
    modules = [*folder.rglob("*.py"), *(folder.parent / "outside").rglob("*.py")]
    text = "".join(path.read_text() for path in modules)
    return {word for word in text.replace("'", '"').split('"') if word.isidentifier()}
