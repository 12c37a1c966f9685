"""The code blocks of README.rst, for tests that run them."""

import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from django.core import mail
from docutils import nodes
from docutils.core import publish_doctree

ROOT = Path(__file__).resolve().parent.parent

#: How README.rst marks the blocks that are for one kind of Django's mail settings.
THIS_DJANGO = "# Django 6.1\n" if hasattr(mail, "mailers") else "# Django 5.2 and 6.0\n"


def document(name: str, *, level: int = 1) -> nodes.document:
    """Parse a page; what docutils would report from this level on is an error (2: a warning)."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return publish_doctree(
        text,
        source_path=name,
        settings_overrides={"report_level": level, "halt_level": level, "_disable_config": True},
    )


@cache
def blocks(language: str) -> list[str]:
    """Return the blocks of a language in their order."""
    return [
        block.astext()
        for block in document("README.rst").findall(nodes.literal_block)
        if language in block["classes"]
    ]


def block(language: str, part: str) -> str:
    """Return the one block of a language that holds ``part``, for this Django if it says which."""
    (text,) = [
        text
        for text in blocks(language)
        if part in text and (not text.startswith("# Django") or text.startswith(THIS_DJANGO))
    ]
    return text


def table(head: str) -> list[list[str]]:
    """Return the rows of the table whose first column has this head, each as texts of its cells."""
    for group in document("README.rst").findall(nodes.tgroup):
        first, *rows = [
            [cell.astext() for cell in row.findall(nodes.entry)] for row in group.findall(nodes.row)
        ]
        if first[0] == head:
            return rows
    raise LookupError(head)


def quickstart(folder: Path, *, python: str, environment: Mapping[str, str]) -> Path:
    """Start the project of the quickstart in ``folder``, printing its mails; return its folder."""
    subprocess.run(
        [python, "-m", "django", "startproject", "mysite"], cwd=folder, env=environment, check=True
    )
    project = folder / "mysite"
    settings = [block("python", "INSTALLED_APPS +="), block("python", "backends.console")]
    _append(project / "mysite" / "settings.py", settings)
    _append(project / "mysite" / "urls.py", [block("python", "urlpatterns +=")])
    return project


def _append(path: Path, texts: list[str]) -> None:
    path.write_text("\n\n".join([path.read_text(), *texts]) + "\n")
