"""The page about async views is what it says."""

import ast

import pytest
from docutils import nodes

from tests.readme import document

pytestmark = pytest.mark.one_database


def test_the_page_is_valid_and_its_python_compiles():
    page = document("docs/async.rst")

    (code,) = [block.astext() for block in page.findall(nodes.literal_block)]
    assert {node.name for node in ast.walk(ast.parse(code)) if hasattr(node, "name")} >= {
        "supper", "Studio", "move",
    }  # fmt: skip
