"""docs/providers.rst tells the truth about providers."""

import os
import re
import sys
from collections import defaultdict

import pytest
from django.utils.module_loading import import_string
from docutils import nodes

from django_useraccounts.social.checks import check_social
from django_useraccounts.social.providers import PRESETS, OpenIDProvider, provider_named
from tests.readme import document
from tests.social.presets import APPLE_PEM

PAGE = document("docs/providers.rst")
BLOCKS = [block.astext() for block in PAGE.findall(nodes.literal_block)]
ENTRIES = [block for block in BLOCKS if re.match(r'"[a-z-]+": \{', block)]
[CLASSES] = [block for block in BLOCKS if "class Fireside" in block]
[TEST] = [block for block in BLOCKS if "def test_" in block]
SETTINGS = [block for block in BLOCKS if block.startswith("USERACCOUNTS")]


class Environment(defaultdict):
    """Has a value for every name, and a key for Apple."""

    def __missing__(self, name):
        return APPLE_PEM if name == "APPLE_PRIVATE_KEY" else f"of {name}"


@pytest.fixture(autouse=True)
def mysite(tmp_path, monkeypatch):
    """The project of the page."""
    folder = tmp_path / "mysite"
    folder.mkdir()
    (folder / "providers.py").write_text(CLASSES)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(os, "environ", Environment(None, os.environ))
    yield
    for name in ("mysite", "mysite.providers"):
        sys.modules.pop(name, None)


def test_there_is_a_section_for_each_preset():
    titles = {section.next_node(nodes.title).astext() for section in PAGE.findall(nodes.section)}

    assert {name for name in PRESETS if name in {title.lower() for title in titles}} == set(PRESETS)


def test_the_callback_of_each_preset_is_written_out():
    text = PAGE.astext()

    assert all(f"https://example.com/accounts/social-callback/{name}/" in text for name in PRESETS)


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_settings_of_a_provider_are_in_order(set_conf, entry):
    providers = eval(f"{{{entry}}}", {"os": os})
    set_conf(ORIGIN="https://example.com", SOCIAL={"PROVIDERS": providers})

    assert not [message for message in check_social(None) if message.id[-4] == "E"]
    assert all(provider_named(name).label for name in providers)


@pytest.mark.parametrize("block", SETTINGS)
def test_the_settings_of_the_page_are_in_order(set_conf, block):
    code = {"os": os}
    exec(block, code)
    set_conf(ORIGIN="https://example.com", **code["USERACCOUNTS"])

    assert check_social(None) == []


@pytest.mark.parametrize("name", PRESETS)
def test_it_names_the_domains_whose_mailboxes_a_preset_runs(name):
    text = PAGE.astext()

    assert all(domain in text for domain in import_string(PRESETS[name]).hosted_domains)


def test_every_preset_has_its_settings():
    written = {name for entry in ENTRIES for name in re.findall(r'^"([a-z-]+)"', entry, re.M)}

    assert set(PRESETS) <= written


def test_the_test_of_ones_own_provider_passes():
    code: dict = {}
    exec(TEST, code)

    code["test_a_member_of_fireside_is_known_by_the_number"]()


def test_the_attributes_that_a_class_can_say_exist():
    tables = [table for table in PAGE.findall(nodes.table) if "response_mode" in table.astext()]
    names = [
        literal.astext()
        for row in tables[0].findall(nodes.row)
        for literal in row[0].findall(nodes.literal)
    ]

    assert len(names) > 8
    assert all(hasattr(OpenIDProvider, name) for name in names)
