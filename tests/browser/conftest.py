"""
A real Chromium on the live server, for tests marked ``browser``.

The browser lives as long as one module of tests: while it does, its event loop runs in this
thread, where async code of other tests would find it.
"""

import os
import shutil
from collections.abc import Iterator
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, Error, Page, Playwright, sync_playwright
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from tests.conftest import missing

#: Chromium as root and in a container, without a screen, asking nobody outside.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class NewPage(Protocol):
    """Opens a page in a browser profile of its own."""

    def __call__(self, **options: Any) -> Page: ...


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Yield a Chromium: the machine's own, else the one that Playwright has installed."""
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        # Django refuses the ORM in a thread with an event loop, and Playwright runs one here.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        chromium = start_chromium(playwright)
        yield chromium
        chromium.close()


def start_chromium(playwright: Playwright) -> Browser:
    """Start a Chromium; skip or fail the test where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    installed = next(filter(None, map(shutil.which, names)), None)
    if not installed and not os.path.exists(playwright.chromium.executable_path):
        missing("browser", f"none of {', '.join(names)} is installed")
    try:
        return playwright.chromium.launch(executable_path=installed, args=ARGUMENTS)
    except Error as error:
        missing("browser", f"Chromium does not start: {error.message}")


@pytest.fixture
def elsewhere() -> tuple[str, ...]:
    """Return the origins that pages may lead to besides the live server: none, but in some modules."""
    return ()


@pytest.fixture
def new_page(
    browser: Browser, live_server: LiveServer, settings: Settings, elsewhere: tuple[str, ...]
) -> Iterator[NewPage]:
    """
    Yield a function that opens pages: ``new_page(color_scheme="dark", java_script_enabled=False)``.

    Mailed links lead to the live server. A page that asks another host for anything, or whose
    scripts fail, fails the test.
    """
    settings.USERACCOUNTS = {**settings.USERACCOUNTS, "ORIGIN": live_server.url}
    contexts, asked, errors = [], [], []

    def open_page(**options: Any) -> Page:
        context = browser.new_context(base_url=live_server.url, **options)
        contexts.append(context)
        context.on("request", lambda request: asked.append(request.url))
        context.on("weberror", lambda error: errors.append(error.error.message))
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
    own = (live_server.url, *elsewhere, "data:", "blob:", "about:")
    assert [url for url in asked if not url.startswith(own)] == []
    assert errors == []


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """Return a page as on a desk: 1280 by 800."""
    return new_page(viewport={"width": 1280, "height": 800})


@pytest.fixture
def phone(new_page: NewPage) -> Page:
    """Return a page as on a phone, touched with fingers."""
    return new_page(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
