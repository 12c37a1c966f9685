"""Where the written parts stand, and how they are marked."""

import re
from collections.abc import Callable
from pathlib import Path

from tests.readme import ROOT
from tests.reference import commands, pages, tables, templates, values

PAGES = sorted((ROOT / "docs" / "reference").glob("*.rst"))

#: What writes each part, by the name in its mark.
WRITERS: dict[str, Callable[[], str]] = {
    "settings": values.settings,
    "settings of rooms": values.settings_of_rooms,
    "signals": values.signals,
    "errors": values.errors,
    "views": pages.views,
    "forms": pages.forms,
    "columns": tables.columns,
    "commands": commands.commands,
    "mails": templates.mails,
    "templates": templates.templates,
    "blocks": templates.blocks,
}

_PART = re.compile(
    r"^(?P<begin>\.\. python -m tests\.reference writes: (?P<name>[\w ]+)\n)"
    r".*?"
    r"^(?P<end>\.\. Until here\.\n)",
    re.MULTILINE | re.DOTALL,
)


def names() -> list[str]:
    """Return the names of the parts that the pages have, in their order."""
    texts = (page.read_text(encoding="utf-8") for page in PAGES)
    return [found["name"] for text in texts for found in _PART.finditer(text)]


def current(page: Path) -> str:
    """Return a page as it should be."""

    def written(found: re.Match[str]) -> str:
        return f"{found['begin']}\n{WRITERS[found['name']]().strip()}\n\n{found['end']}"

    return _PART.sub(written, page.read_text(encoding="utf-8"))
