"""A site of a recipe is in force for one test: its settings take the place of those of the tests."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from pytest_django import Settings

from tests.browser.conftest import browser, elsewhere, new_page, page  # noqa: F401

HERE = Path(__file__).parent
#: What a recipe may set.
SET = ("ROOT_URLCONF", "INSTALLED_APPS", "MIDDLEWARE", "TEMPLATES")


@pytest.fixture
def open_site(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that puts the settings of a recipe in force, by its folder."""
    monkeypatch.syspath_prepend(HERE)

    def open_site(name: str) -> None:
        site = import_module(f"{name}.settings")
        for setting in SET:
            setattr(settings, setting, getattr(site, setting))
        assert apps.is_installed(name)

    return open_site
