"""A site that has the middleware of the room, and visitors with browsers of their own."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.sessions.visits import MIDDLEWARE, Browser


@pytest.fixture(autouse=True)
def _middleware(settings: Any) -> None:
    settings.MIDDLEWARE = MIDDLEWARE


@pytest.fixture
def of_session(each_engine: str) -> int:
    """How many statements it costs to read a session."""
    return int(each_engine == "db")


@pytest.fixture
def new_browser(
    db: None, django_capture_on_commit_callbacks: Callable[..., Any]
) -> Callable[..., Browser]:
    """Make browsers; what they commit is committed, and mails go out."""

    def make(**headers: str) -> Browser:
        return Browser(django_capture_on_commit_callbacks, **headers)

    return make


@pytest.fixture
def client(new_browser: Callable[..., Browser]) -> Client:
    return new_browser()
