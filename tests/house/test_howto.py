"""docs/howto is found from its first page, and names providers and pages that exist."""

import re
from typing import Any

import pytest
from anymail.exceptions import AnymailConfigurationError, AnymailImproperlyInstalled
from django.test import override_settings
from django.urls import Resolver404, resolve
from django.utils.module_loading import import_string
from docutils import nodes

from tests.readme import ROOT, document

FOLDER = ROOT / "docs/howto"


def links(page: str) -> list[str]:
    return [link["refuri"] for link in document(page).findall(nodes.reference)]


def providers() -> list[list[str]]:
    (table,) = document("docs/howto/mail_provider.rst").findall(nodes.tgroup)
    _head, *rows = table.findall(nodes.row)
    return [[cell.astext() for cell in row.findall(nodes.entry)] for row in rows]


def test_its_first_page_leads_to_each_guide() -> None:
    guides = {path.name for path in FOLDER.glob("*.rst")} - {"index.rst"}

    assert guides
    assert guides <= set(links("docs/howto/index.rst"))


@pytest.mark.parametrize("_provider, backend, keys", providers())
def test_a_provider_needs_the_keys_that_are_told(_provider: str, backend: str, keys: str) -> None:
    given = dict.fromkeys(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", keys), "…")
    lower = {name.partition("_")[2].lower(): value for name, value in given.items()}

    def connect(anymail: dict[str, str], **options: str) -> Any:
        with override_settings(ANYMAIL=anymail):
            return import_string(backend)(**options)

    if not given:
        with pytest.raises(AnymailImproperlyInstalled, match="amazon-ses"):
            connect({})
        return
    assert connect(given).esp_name
    assert connect({}, **lower).esp_name
    with pytest.raises(AnymailConfigurationError):
        connect({})


@pytest.mark.urls("anymail.urls")
@pytest.mark.parametrize("name", ["postmark", "mailgun", "amazon_ses", "brevo", "resend"])
def test_the_webhook_of_a_provider_is_there(name: str) -> None:
    assert f"``{name}``" in (FOLDER / "mail_provider.rst").read_text() or name == "postmark"
    try:
        resolve(f"/{name}/tracking/")
    except Resolver404:
        pytest.fail(f"django-anymail has no webhook for {name}.")
