"""reStructuredText from values: headings, tables, code."""

import inspect
import re
import textwrap
from collections.abc import Iterable

WIDTH = 110
#: A comment that documents the assignment after it.
_MARK = re.compile(r"^ *#: ?", re.MULTILINE)


def heading(title: str, underline: str) -> str:
    """Return a heading with its line."""
    return f"{title}\n{underline * len(title)}\n"


def code(*words: object) -> str:
    """Return words as code, with commas between them; a dash for none."""
    return ", ".join(f"``{word}``" for word in words) or "–"


def paragraph(text: str, *, indent: str = "") -> str:
    """Return a text in lines of one width."""
    lines = textwrap.wrap(
        " ".join(text.split()), WIDTH - len(indent), break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(f"{indent}{line}" for line in lines)


def table(head: tuple[str, ...], widths: tuple[int, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table with a head; a cell is one paragraph."""
    lines = [
        ".. list-table::",
        "   :header-rows: 1",
        f"   :widths: {' '.join(map(str, widths))}",
        "",
    ]
    for row in (head, *rows):
        for number, cell in enumerate(row):
            first, *more = paragraph(cell, indent=" " * 7).split("\n")
            begin = "   * - " if number == 0 else "     - "
            lines += [(begin + first.strip()).rstrip(), *more]
    return "\n".join(lines) + "\n"


def comments(owner: object) -> dict[str, str]:
    """Return what stands in ``#:`` above the assignments of a module or class, by their names."""
    found, waiting = {}, ""
    for line in textwrap.dedent(inspect.getsource(owner)).split("\n"):  # type: ignore[arg-type]
        assigned = re.match(r" *(\w+)(?:: [^=]+)? = ", line)
        if _MARK.match(line):
            waiting += f" {_MARK.sub('', line)}"
        elif assigned and waiting:
            found[assigned[1]] = waiting.strip()
            waiting = ""
        else:
            waiting = ""
    return found


def first_sentence(thing: object) -> str:
    """Return the first paragraph of a docstring, without a colon that leads to an example."""
    paragraphs = (inspect.getdoc(thing) or "").split("\n\n")
    return re.sub(r"::?$", ".", " ".join(paragraphs[0].split()))
