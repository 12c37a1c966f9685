"""docs/replacing.rst shows the code that is tested, and its table has a row for each wish."""

import re
import textwrap
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path

import polib
import pytest
from docutils import nodes

from tests.readme import block, document, table

HERE = Path(__file__).parent
PAGE = document("docs/replacing.rst")
BLOCKS = [block.astext() for block in PAGE.findall(nodes.literal_block)]


@pytest.mark.parametrize("shown", BLOCKS, ids=lambda shown: shown.split("\n")[0])
def test_its_code_stands_in_the_file_that_it_names(shown: str) -> None:
    head, _, code = shown.partition("\n")
    (path,) = re.findall(r"[\w/]+\.\w+", head)
    text = (HERE / path).read_text(encoding="utf-8")

    place = 0
    for part in code.split("\n\n"):
        # Whole lines, in their order; what stands inside something may be shown without that.
        lines = (f"\n{textwrap.indent(part, indent)}\n" for indent in ("", " " * 4))
        places = [found for lines in lines if (found := f"\n{text}".find(lines, place)) >= 0]
        assert places, part
        place = min(places)


def test_each_wish_of_the_table_is_shown_in_its_order() -> None:
    sections = [node for node in PAGE.findall(nodes.section) if node.parent is PAGE]
    wishes = [wish for wish, _way in table("Wish", "docs/replacing.rst")]

    assert wishes == [next(iter(section.findall(nodes.title))).astext() for section in sections]
    assert all(list(section.findall(nodes.literal_block)) for section in sections)


def test_its_catalog_takes_a_sentence_with_any_letter() -> None:
    shown = block("po", "msgid", "docs/replacing.rst")
    own = shown.replace("Somebody sings under this name already.", "So heißt schon jemand, 歌手.")

    read = GNUTranslations(BytesIO(polib.pofile(own).to_binary()))

    taken = "This username is taken. Please choose another one."
    assert read.gettext(taken) == "So heißt schon jemand, 歌手."
