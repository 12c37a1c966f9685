"""Lines of code as the pages show them: read from their files, so that they are always true."""

import ast
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from textwrap import dedent

from django.urls import reverse

#: The checkout, which all files are named from.
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Excerpt:
    """
    Where some lines are found: in a file, by a name of Python or by what stands in them.

    ``name`` is a function, a class, a method (``GuildPolicy.grace``), or what something is
    assigned to. ``first`` stands in the first line, and in no other of the file or of what is
    named; ``last`` in the last one, which is the first itself where nothing is said.
    """

    file: str
    name: str = ""
    first: str = ""
    last: str = ""

    def find(self) -> "Passage":
        """Return the lines; raise LookupError where they are not, or not once."""
        lines = lines_of(self.file)
        start, end = _node_of(self.file, self.name) if self.name else (1, len(lines))
        if self.first:
            start = self._only(start, end, lines)
            ends = (n for n in range(start, end + 1) if self.last in lines[n - 1])
            end = next(ends, 0) if self.last else start
        if not end:
            raise LookupError(f"Nothing in {self.file} ends by {self.last!r}.")
        return Passage(self.file, start, dedent("\n".join(lines[start - 1 : end])))

    def _only(self, start: int, end: int, lines: tuple[str, ...]) -> int:
        found = [n for n in range(start, end + 1) if self.first in lines[n - 1]]
        if len(found) != 1:
            raise LookupError(f"{self.first!r} is {len(found)} times in {self.file}.")
        return found[0]


@dataclass(frozen=True)
class Passage:
    """Lines of a file, with the number of the first."""

    file: str
    line: int
    code: str

    @property
    def place(self) -> str:
        """Return ``file:line``, which an editor opens."""
        return f"{self.file}:{self.line}"

    @property
    def url(self) -> str:
        """Return where the page of the file shows them."""
        return f"{reverse('source', args=[self.file])}#L{self.line}"


def found(excerpts: Iterable[Excerpt]) -> list[Passage]:
    """Return the lines that are there: who changes the demo loses an excerpt, and no page."""
    passages = []
    for excerpt in excerpts:
        with suppress(LookupError):
            passages.append(excerpt.find())
    return passages


def lines_of(file: str) -> tuple[str, ...]:
    """Return the lines of a file as they are now; raise LookupError if it is not there."""
    path = ROOT / file
    if not path.is_file():
        raise LookupError(f"There is no file {file}.")
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=128)
def _read(path: Path, changed_at: int) -> tuple[str, ...]:
    return tuple(path.read_text(encoding="utf-8").splitlines())


def _node_of(file: str, name: str) -> tuple[int, int]:
    """Return the first and last line of what has a name, with the decorators that stand on it."""
    body = _parse(lines_of(file)).body
    for part in name.split("."):
        node = next((node for node in body if part in _names(node)), None)
        if node is None:
            raise LookupError(f"Nothing in {file} is called {name}.")
        body = getattr(node, "body", [])
    decorators = getattr(node, "decorator_list", [])
    return min(part.lineno for part in (node, *decorators)), node.end_lineno or node.lineno


@lru_cache(maxsize=128)
def _parse(lines: tuple[str, ...]) -> ast.Module:
    return ast.parse("\n".join(lines))


def _names(node: ast.stmt) -> set[str]:
    """Return what a statement gives a name to."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return {target.id for target in targets if isinstance(target, ast.Name)}
