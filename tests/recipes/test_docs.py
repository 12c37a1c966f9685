"""docs/howto shows the code of the recipes, whole, and each template that a recipe replaces is shown."""

from pathlib import Path

import pytest

from tests.following import HEAD
from tests.readme import languages_of

HERE = Path(__file__).parent
PAGES = ("own_base", "user_menu", "bootstrap", "tailwind", "colours")
TEXTS = [
    (page, *text.partition("\n"))
    for page in PAGES
    for text, _language in languages_of(f"docs/howto/{page}.rst")
]
BLOCKS = [
    pytest.param(named[1], code, id=f"{page}-{named[1]}")
    for page, head, _, code in TEXTS
    if (named := HEAD.fullmatch(head))
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
