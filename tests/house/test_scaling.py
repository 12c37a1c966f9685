"""docs/scaling.rst shows the code that is tested, and names tests that are there."""

import re
import textwrap

import pytest
from docutils import nodes

from tests.readme import ROOT, document

PAGE = document("docs/scaling.rst")
BLOCKS = [
    block.astext()
    for block in PAGE.findall(nodes.literal_block)
    if "python" in block["classes"] and block.astext().startswith("# ")
]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.split("\n")[0])
def test_its_code_stands_in_the_file_that_it_names(block: str) -> None:
    head, _, code = block.partition("\n")
    text = (ROOT / head.removeprefix("# ")).read_text(encoding="utf-8")

    # What stands within a dictionary or a class is shown without what is around it.
    assert any(textwrap.indent(code, " " * by) in text for by in range(0, 12, 4))


def test_each_part_names_tests_that_exist() -> None:
    parts = [node for node in PAGE.findall(nodes.section) if node.parent is PAGE]
    for part in parts:
        title = next(iter(part.findall(nodes.title))).astext()
        named = re.findall(r"\b(?:tests|benchmarks)/[\w/]+(?:\.\w+)?", part.astext())
        assert all((ROOT / path).exists() for path in named), named
        assert named or title == "CockroachDB, Citus and Vitess"
