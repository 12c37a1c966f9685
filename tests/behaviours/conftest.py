"""What the behaviours share: browsers whose commits are real, and settings changed for one test."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.attacks.browsers import Browser


@pytest.fixture
def new_browser(
    db: None, django_capture_on_commit_callbacks: Callable[..., Any]
) -> Callable[..., Browser]:
    """Make browsers with cookies of their own; what they commit is committed, mails go out."""

    def make(**extra: Any) -> Browser:
        return Browser(django_capture_on_commit_callbacks, **extra)

    return make


@pytest.fixture
def browser(new_browser: Callable[..., Browser]) -> Browser:
    """A browser; whose, the test says."""
    return new_browser()


@pytest.fixture
def set_conf(settings: Any) -> Callable[..., None]:
    """Change some settings of the accounts for one test: ``set_conf(RETYPE=("password",))``."""

    def change(**changed: object) -> None:
        settings.USERACCOUNTS = {**settings.USERACCOUNTS, **changed}

    return change
