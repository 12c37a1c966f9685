"""docs/guards.rst shows code that runs."""

import os
import subprocess
import sys

import pytest
from django.template import engines
from docutils import nodes

from tests.readme import ROOT, document

BLOCKS = list(document("docs/guards.rst").findall(nodes.literal_block))
PYTHON = [block.astext() for block in BLOCKS if "python" in block["classes"]]
TEMPLATES = [block.astext() for block in BLOCKS if "html+django" in block["classes"]]


def test_its_modules_can_be_imported(tmp_path) -> None:
    # In another process: guards tell their roles to the system checks of this one.
    books = tmp_path / "mysite" / "books"
    books.mkdir(parents=True)
    (books / "urls.py").write_text("app_name, urlpatterns = 'books', []\n")
    names = [code.splitlines()[0].removeprefix("# mysite/") for code in PYTHON]
    for name, code in zip(names, PYTHON, strict=True):
        (tmp_path / "mysite" / name).write_text(code)
    imports = "; ".join(f"import mysite.{name.removesuffix('.py')}" for name in names)

    imported = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"import django; django.setup(); {imports}"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)])},
        capture_output=True,
        text=True,
    )

    assert len(names) == 6
    assert imported.returncode == 0, imported.stderr


@pytest.mark.parametrize("source", TEMPLATES)
def test_its_templates_compile(source: str) -> None:
    engines["django"].from_string(source)
