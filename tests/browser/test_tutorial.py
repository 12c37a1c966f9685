"""docs/tutorial.rst, followed word by word from an empty folder on, in a browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.reader import Reader
from tests.readme import document

pytestmark = [pytest.mark.browser, pytest.mark.one_database]


def test_who_follows_the_tutorial_gets_what_it_promises(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page()
    page.set_default_timeout(15_000)
    reader = Reader(tmp_path, page)
    try:
        reader.follow(document("docs/tutorial.rst"))
    finally:
        reader.stop()
        page.close()

    steps = ["python manage.py migrate", "Register", "There is soup", "python manage.py test"]
    for step in steps:
        assert step in reader.done
