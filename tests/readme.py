"""The code blocks and tables of README.rst and the docs, for tests that run them."""

import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from django.core import mail
from docutils import nodes
from docutils.core import publish_doctree
from docutils.parsers.rst import Directive, directives

ROOT = Path(__file__).resolve().parent.parent

#: How pages mark the blocks that are for one kind of Django's mail settings.
THIS_DJANGO = "# Django 6.1\n" if hasattr(mail, "mailers") else "# Django 5.2 and 6.0\n"


class OfSphinx(Directive):
    """Stands in for what only the book knows: to read a page, nothing of it is needed."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec = dict.fromkeys(
        ("caption", "glob", "hidden", "maxdepth", "members", "member-order", "no-value"),
        directives.unchanged,
    )

    def run(self) -> list[nodes.Node]:
        return []


for _name in ("autoclass", "autodata", "autofunction", "automodule", "toctree"):
    directives.register_directive(_name, OfSphinx)


def pages() -> list[str]:
    """Return every page at the root and of the docs, by its path."""
    found = [*ROOT.glob("*.rst"), *(ROOT / "docs").rglob("*.rst")]
    return sorted(path.relative_to(ROOT).as_posix() for path in found if "_build" not in path.parts)


@cache
def document(name: str, *, level: int = 2) -> nodes.document:
    """Parse a page; what docutils would report from this level on is an error (2: a warning)."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return publish_doctree(
        text,
        source_path=name,
        settings_overrides={"report_level": level, "halt_level": level, "_disable_config": True},
    )


def page_blocks(page: str, *languages: str) -> list[str]:
    """Return the blocks of a page in some languages, in their order."""
    return [text for text, language in languages_of(page) if language in languages]


def languages_of(page: str) -> Iterator[tuple[str, str]]:
    """Yield each block of a page with its language, "" where it says none."""
    for block in document(page).findall(nodes.literal_block):
        yield block.astext(), next((name for name in block["classes"] if name != "code"), "")


def block(language: str, part: str, page: str = "README.rst") -> str:
    """Return the one block of a language that holds ``part``, for this Django if it says which."""
    (text,) = [
        text
        for text in page_blocks(page, language)
        if part in text and (not text.startswith("# Django") or text.startswith(THIS_DJANGO))
    ]
    return text


def table(head: str, page: str) -> list[list[str]]:
    """Return the rows of the table whose first column has this head, each as texts of its cells."""
    for group in document(page).findall(nodes.tgroup):
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
