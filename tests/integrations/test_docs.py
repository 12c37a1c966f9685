"""docs/guards.rst and docs/roles.rst show code that runs."""

import os
import subprocess
import sys

import pytest
from django.template import engines

from tests.readme import ROOT, page_blocks

PAGES = ["docs/guards.rst", "docs/roles.rst"]


@pytest.mark.parametrize("page", PAGES)
def test_its_modules_can_be_imported(page, tmp_path) -> None:
    python = page_blocks(page, "python")
    # In another process: guards tell their roles to the system checks of this one.
    books = tmp_path / "mysite" / "books"
    books.mkdir(parents=True)
    (books / "urls.py").write_text("app_name, urlpatterns = 'books', []\n")
    names = [code.splitlines()[0].removeprefix("# mysite/") for code in python]
    for name, code in zip(names, python, strict=True):
        (tmp_path / "mysite" / name).write_text(code)
    imports = "; ".join(f"import mysite.{name.removesuffix('.py')}" for name in names)

    imported = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"import django; django.setup(); {imports}"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)])},
        capture_output=True,
        text=True,
    )

    assert len(names) >= 4
    assert imported.returncode == 0, imported.stderr


@pytest.mark.parametrize("source", page_blocks(PAGES[0], "html+django"))
def test_its_templates_compile(source: str) -> None:
    engines["django"].from_string(source)
