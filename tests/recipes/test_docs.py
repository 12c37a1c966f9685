"""docs/howto shows the code of the recipes, whole, and each template that a recipe replaces is shown."""

import re
from pathlib import Path

import pytest
from docutils import nodes

from tests.readme import ROOT, document

HERE = Path(__file__).parent
PAGES = ("own_base", "user_menu", "bootstrap", "tailwind", "colours")
#: The first line of a block names its file, in a comment of its language.
NAMED = re.compile(r"(?:\{# |/\* |# )([\w./]+)(?: #\}| \*/)?\n")
BLOCKS = [
    pytest.param(match[1], text[match.end() :], id=f"{page}-{match[1]}")
    for page in PAGES
    for block in document(f"docs/howto/{page}.rst").findall(nodes.literal_block)
    if (match := NAMED.match(text := block.astext()))
]
#: Of this file a page shows one line only.
IN_PART = "bookshop/templates/bookshop/base.html"


@pytest.mark.parametrize("path, code", BLOCKS)
def test_its_code_is_the_file_that_it_names(path: str, code: str) -> None:
    text = (HERE / path).read_text(encoding="utf-8")

    assert code == text.rstrip("\n") or (path == IN_PART and f"  {code}\n" in text)


def test_each_template_that_a_recipe_replaces_is_shown() -> None:
    shown = {block.values[0] for block in BLOCKS}
    replaced = {str(path.relative_to(HERE)) for path in HERE.glob("*/templates/useraccounts/*")}

    assert len(replaced) == 9
    assert replaced <= shown


@pytest.mark.parametrize("page", PAGES)
def test_its_links_lead_to_pages_that_are_there(page: str) -> None:
    links = document(f"docs/howto/{page}.rst").findall(nodes.reference)
    named = [link["refuri"] for link in links]

    assert all((ROOT / "docs/howto" / uri).exists() for uri in named), named
