"""
Pictures of every page and mail: ``python -m tests.gallery --output folder``.

Each is taken light and dark, on a phone and on a desk, in each language that is asked for; page.html
shows them side by side. With ``--docs`` the few are written anew that the documentation shows.
"""

import argparse
import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import django

from tests.languages import LANGUAGES

if TYPE_CHECKING:
    from tests.gallery.screen import Colors
    from tests.gallery.stage import Shot

ROOT = Path(__file__).parents[2]
#: What the documentation shows, cut where a page is longer: small, and large enough to be read.
DOCS = ("register", "login", "emails", "sessions", "history")
DOCS_SIZE, DOCS_SCALE = (480, 640), 1.5


def main() -> None:
    asked = _parse()
    # Playwright's event loop runs in this thread, where Django would refuse the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "testproject.test_settings")
    django.setup()
    # What an entry provokes on purpose is no news.
    logging.disable(logging.CRITICAL)
    with _test_database():
        if asked.docs:
            _picture_docs(ROOT / "docs" / "pictures")
        if asked.output:
            _picture_all(asked.output, asked.pages, asked.languages)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.gallery", description=__doc__)
    parser.add_argument("--output", type=Path, help="the folder that the pictures go into")
    parser.add_argument("--pages", nargs="*", default=["*"], help='entries, such as "login*"')
    parser.add_argument("--languages", nargs="*", default=["en", "ar"], metavar="CODE")
    parser.add_argument("--docs", action="store_true", help="the pictures of the documentation")
    asked = parser.parse_args()
    if not (asked.output or asked.docs):
        parser.error("say --output folder, or --docs")
    return asked


@contextmanager
def _test_database() -> Iterator[None]:
    from django.db import connection
    from django.test.utils import setup_test_environment, teardown_test_environment

    setup_test_environment()
    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
        teardown_test_environment()


def _picture_all(output: Path, pages: list[str], languages: list[str]) -> None:
    from tests.gallery.screen import DESK, PHONE

    output.mkdir(parents=True, exist_ok=True)
    names = []
    for language in languages:
        shots = _shots(language, pages)
        names = [shot.name for shot in shots]
        for kind, size in (("phone", PHONE), ("desk", DESK)):
            for colors in ("light", "dark"):
                suffix = f"{language}-{kind}-{colors}"
                _take(shots, output, suffix, size=size, colors=colors)
                print(f"{len(shots)} pictures of {suffix}")
    index = output / "page.html"
    index.write_text(page_of(output, names))
    print(f"All of them: {index}")


def _picture_docs(output: Path) -> None:
    output.mkdir(parents=True, exist_ok=True)
    shots = _shots("en", list(DOCS))
    for colors in ("light", "dark"):
        _take(shots, output, colors, size=DOCS_SIZE, colors=colors, scale=DOCS_SCALE, is_small=True)
    for path in sorted(output.glob("*.webp")):
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes")


def _shots(language: str, pages: list[str]) -> "list[Shot]":
    from tests.gallery.entries import ENTRIES
    from tests.gallery.mails import mail_shots
    from tests.gallery.stage import visits

    def is_asked(name: str) -> bool:
        return any(fnmatch(name, page) for page in pages)

    asked = [entry for entry in ENTRIES.values() if is_asked(entry.name)]
    played = [*visits(asked, language)]
    return [*played, *(shot for shot in mail_shots(language) if is_asked(shot.name))]


def _take(
    shots: "list[Shot]",
    output: Path,
    suffix: str,
    *,
    size: tuple[int, int],
    colors: "Colors",
    scale: float = 1,
    is_small: bool = False,
) -> None:
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import start_chromium
    from tests.gallery.screen import Screen, as_webp, theatre

    with sync_playwright() as playwright, theatre() as house:
        chromium = start_chromium(playwright)
        screen = Screen(chromium, house, size, colors, device_scale_factor=scale)
        for shot in shots:
            png = screen.show(shot).screenshot(full_page=not is_small, animations="disabled")
            ending, picture = ("webp", as_webp(chromium, png)) if is_small else ("png", png)
            path_of(output, shot.name, suffix, ending).write_bytes(picture)
        chromium.close()


def path_of(output: Path, name: str, suffix: str, ending: str = "png") -> Path:
    """Return where a picture goes; of "mail.welcome", what follows the dot is no ending."""
    return output / f"{name}-{suffix}.{ending}"


def page_of(output: Path, names: list[str]) -> str:
    """Return a page with all pictures of a folder, those of one entry beside each other."""
    rows = []
    for name in names:
        # In any language: "login-en-phone-dark", but not "login-by-email-en-phone-dark".
        own = re.compile(
            rf"{re.escape(name)}-({'|'.join(LANGUAGES)})-(phone|desk)-(light|dark)\.png"
        )
        pictures = sorted(path.name for path in output.glob("*.png") if own.fullmatch(path.name))
        images = (f'<img src="{escape(one)}" alt="{escape(one)}" width="300">' for one in pictures)
        rows.append(f"<h2>{escape(name)}</h2>\n<p>{''.join(images)}</p>")
    style = "<style>img { vertical-align: top; margin: 4px; border: 1px solid #888 }</style>"
    head = f'<!doctype html>\n<meta charset="utf-8">\n<title>The gallery</title>\n{style}'
    return "\n".join([head, *rows, ""])


if __name__ == "__main__":
    sys.exit(main())
