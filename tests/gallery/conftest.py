"""All shots of the gallery, taken once in a process, and a browser to show them."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from pytest_django import DjangoDbBlocker

from tests.browser.conftest import browser
from tests.gallery.entries import ENTRIES
from tests.gallery.screen import Theatre, theatre
from tests.gallery.sentences import Place, listening
from tests.gallery.stage import Shot, visits

__all__ = ["browser"]  # a fixture


@dataclass(frozen=True)
class Gallery:
    """What the site has shown, and the sentences of its templates that were said meanwhile."""

    shots: list[Shot]
    heard: set[Place]

    def __getitem__(self, name: str) -> Shot:
        return next(shot for shot in self.shots if shot.name == name)


@pytest.fixture(scope="session")
def gallery(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Gallery:
    with django_db_blocker.unblock(), listening() as heard:
        return Gallery([*visits(ENTRIES.values())], heard)


@pytest.fixture
def house() -> Iterator[Theatre]:
    with theatre() as open_house:
        yield open_house
