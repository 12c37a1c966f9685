"""
The pictures of docs/architecture.rst, drawn from the table of imports.

    python -m tests.pictures  # draw them anew

They bring a ground of their own, so that they can be read on any page, light or dark.
"""

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from pathlib import Path

from tests.house import test_imports as table

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
WIDTH = 960
#: What a letter of the names takes, at 13 pixels.
LETTER, LINE = 7.9, 19

STYLE = """
  svg { font: 14px system-ui, sans-serif; }
  .ground { fill: #ffffff; }
  .floor { fill: #f3f5f8; stroke: #c3ccd6; }
  .room { fill: #ffffff; stroke: #4a6785; stroke-width: 1.5; }
  .flow { fill: #e6effa; stroke: #1d5a9e; stroke-width: 2; }
  .way { fill: none; stroke: #1d5a9e; stroke-width: 1.5; marker-end: url(#head); }
  .head { fill: #1d5a9e; }
  text { fill: #1a2230; }
  .soft { fill: #4b5768; }
  .big { font-weight: 600; }
  .name { font: 13px ui-monospace, "DejaVu Sans Mono", monospace; }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #12161c; }
    .floor { fill: #1b222b; stroke: #3c4856; }
    .room { fill: #12161c; stroke: #8fb0d3; }
    .flow { fill: #16283d; stroke: #7db4f0; }
    .way { stroke: #7db4f0; }
    .head { fill: #7db4f0; }
    text { fill: #e8edf3; }
    .soft { fill: #b3bfcc; }
  }
"""


@dataclass(frozen=True)
class Box:
    """A rectangle, by its middle and its upper edge."""

    x: float
    top: float
    width: float
    height: float = 34

    @property
    def left(self) -> float:
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        return self.x + self.width / 2

    @property
    def bottom(self) -> float:
        return self.top + self.height

    def drawn(self, kind: str) -> str:
        place = f'x="{self.left:g}" y="{self.top:g}" width="{self.width:g}"'
        return f'<rect class="{kind}" {place} height="{self.height:g}" rx="6"/>'


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    attributes = f' class="{kind}"' if kind else ""
    attributes += f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{x:g}" y="{y:g}"{attributes}>{escape(words)}</text>'


def labelled(box: Box, words: str, kind: str = "room", style: str = "name") -> list[str]:
    middle = box.top + box.height / 2 + 5
    return [box.drawn(kind), text(box.x, middle, words, style, anchor="middle")]


def way(path: str, name: str) -> str:
    return f'<path class="way" d="{path}"><title>{escape(name)}</title></path>'


def svg(height: float, title: str, description: str, parts: Iterable[str]) -> str:
    """Return a picture with what it is for who cannot see it."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" role="img" '
        'aria-labelledby="title desc">'
    )
    marker = (
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
        'markerHeight="8" orient="auto" markerUnits="userSpaceOnUse">'
        '<path class="head" d="M0 0 8 4 0 8z"/></marker></defs>'
    )
    told = [f'<title id="title">{escape(title)}</title>']
    told += [f'<desc id="desc">{escape(description)}</desc>']
    ground = f'<rect class="ground" width="{WIDTH}" height="{height:g}" rx="10"/>'
    lines = [head, *told, f"<style>{STYLE}</style>", marker, ground, *parts, "</svg>"]
    return "\n".join(lines) + "\n"


# The house

#: The rooms of core by how far they stand above the ground, and where: the middle of each.
STOREYS: tuple[dict[str, int], ...] = (
    {"passwords": 130, "profile": 330, "leaving": 560, "registration": 800},
    {"login": 220, "administration": 590},
    {"terms": 130, "emails": 405, "roles": 760},
)
#: How wide a room is, and how high a storey of core is.
ROOM, STOREY = 150, 84


def core_rooms(top: float) -> dict[str, Box]:
    placed = {
        name: Box(x, top + storey * STOREY, ROOM)
        for storey, rooms in enumerate(STOREYS)
        for name, x in rooms.items()
    }
    if unplaced := table.ROOMS.keys() ^ placed.keys():
        raise LookupError(f"STOREYS has no place for {unplaced}, or for one too many.")
    return placed


def between_rooms(rooms: dict[str, Box]) -> Iterator[str]:
    """Draw who imports whom among the rooms of core; beside a room, never through it."""
    for name, room in rooms.items():
        importers = sorted((o for o in rooms if name in table.ROOMS[o]), key=lambda o: rooms[o].x)
        for number, importer in enumerate(importers):
            apart = (number - (len(importers) - 1) / 2) * 16
            path = _path(rooms[importer], room, rooms.values(), apart=apart)
            yield way(path, f"{importer} imports {name}")


def _path(start: Box, end: Box, rooms: Iterable[Box], *, apart: float) -> str:
    x = end.x + apart
    begin = f"M{start.x:g} {start.bottom:g}"
    if end.top - start.top < STOREY * 1.5:
        return begin + _curve(start.x, start.bottom, x, end.top)
    top = start.top + STOREY
    beside = [room for room in rooms if room.top == top]
    lane, bottom = _lane(x, beside) + apart, top + beside[0].height
    first, last = _curve(start.x, start.bottom, lane, top), _curve(lane, bottom, x, end.top)
    return f"{begin}{first}L{lane:g} {bottom:g}{last}"


def _curve(x: float, y: float, to_x: float, to_y: float) -> str:
    middle = (y + to_y) / 2
    return f"C{x:g} {middle:g} {to_x:g} {middle:g} {to_x:g} {to_y:g}"


def _lane(x: float, rooms: Iterable[Box]) -> float:
    """Return the way down between rooms that is nearest to ``x``."""
    ordered = sorted(rooms, key=lambda room: room.left)
    lanes = [ordered[0].left - 25, ordered[-1].right + 25]
    lanes += [(one.right + other.left) / 2 for one, other in pairwise(ordered)]
    return min(lanes, key=lambda lane: abs(lane - x))


def floor(top: float, height: float, heading: str, note: str) -> list[str]:
    return [
        Box(WIDTH / 2, top, WIDTH - 40, height).drawn("floor"),
        text(36, top + 26, heading, "big"),
        text(WIDTH - 36, top + 26, note, "soft", anchor="end"),
    ]


def names_in(top: float, names: Iterable[str]) -> tuple[list[str], float]:
    """Return names as lines of text, and the height of a floor that holds them."""
    lines = textwrap.wrap(
        " ".join(sorted(names)), int((WIDTH - 72) / LETTER), break_on_hyphens=False
    )
    drawn = [text(36, top + 52 + LINE * n, line, "name") for n, line in enumerate(lines)]
    return drawn, 52 + LINE * len(lines)


def house() -> str:
    parts: list[str] = []
    y: float = 20
    words, height = names_in(y, table.LEVEL_4)
    parts += floor(y, height, "4 · What puts everything together", "imports all below") + words
    y += height + 26
    parts += floor(
        y, 92, "3 · Optional rooms: apps of their own", "import 2, 1 and 0, never one another"
    )
    for n, name in enumerate(sorted(table.OPTIONAL)):
        parts += labelled(Box(130 + n * 700 / 3, y + 42, ROOM), name)
    y += 92 + 26
    height = 3 * STOREY + 12
    parts += floor(y, height, "2 · Rooms of core", "import 1 and 0, and along the arrows")
    rooms = core_rooms(y + 46)
    parts += between_rooms(rooms)
    for name, box in rooms.items():
        parts += labelled(box, name)
    y += height + 26
    for heading, note, names in (
        ("1 · The ground floor", "imports 1 and 0", table.LEVEL_1),
        ("0 · What it stands on", "imports 0", table.LEVEL_0),
    ):
        words, height = names_in(y, names)
        parts += floor(y, height, heading, note) + words
        y += height + 26
    # Between the floors: which way imports go.
    parts += [_down(box) for box in _floors(parts)]
    edges = [f"{name} imports {' and '.join(sorted(o))}" for name, o in table.ROOMS.items() if o]
    described = (
        f"Five floors. Each imports those below it only. On top {_list(table.LEVEL_4)}; then the "
        f"optional rooms {_list(table.OPTIONAL)}, which do not import one another; then the rooms "
        f"of core {_list(table.ROOMS)}; then the ground floor; below it {_list(table.LEVEL_0)}. "
        f"Among the rooms of core, {'; '.join(edges)}."
    )
    return svg(y - 6, "The house: its floors and rooms, and which way imports go", described, parts)


def _floors(parts: list[str]) -> list[float]:
    """Return where each floor but the last one ends."""
    floors = [part for part in parts if 'class="floor"' in part]
    ends = []
    for part in floors[:-1]:
        top, height = (float(part.split(f'{name}="')[1].split('"')[0]) for name in ("y", "height"))
        ends.append(top + height)
    return ends


def _down(y: float) -> str:
    return way(f"M{WIDTH / 2:g} {y:g}L{WIDTH / 2:g} {y + 25:g}", "imports go down")


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


# The way of a request

#: Who has it, and what is done there.
STATIONS = (
    ("urls.py", "says which page it is"),
    ("views.py", "says who may enter, which form and which flow it is, and where to go next"),
    ("forms.py", "cleans what was typed, or says beside a field what is wrong"),
)
IN_TRANSACTION = (
    "the rows that change",
    "the event of the audit trail",
    "the mail, a row of the outbox",
)
AFTER = ("the signal is sent", "the mail is delivered", "the answer goes out")


def request() -> str:
    parts: list[str] = []
    y: float = 24
    for name, does in STATIONS:
        box = Box(120, y, 160)
        parts += [*labelled(box, name), text(220, y + 22, does)]
        parts.append(way(f"M120 {box.bottom:g}L120 {box.bottom + 25:g}", "then"))
        y += box.height + 26
    flow = Box(WIDTH / 2, y, WIDTH - 80, 130)
    parts += [flow.drawn("flow"), text(60, y + 28, "flows.py", "name")]
    parts.append(text(140, y + 28, "asks policy, spends limits, then writes in one transaction:"))
    for n, words in enumerate(IN_TRANSACTION):
        parts += labelled(Box(190 + n * 290, y + 50, 260, 36), words, style="")
    parts.append(text(60, y + 112, "all of it or nothing", "soft"))
    start, end = flow.right - 70, y - 43
    back = f"M{start:g} {y:g}C{start:g} {end:g} {start - 30:g} {end:g} 720 {end:g}"
    parts += [
        way(back, "an AccountError goes back to the form"),
        text(735, end - 8, "AccountError"),
    ]
    parts.append(
        way(f"M{WIDTH / 2:g} {flow.bottom:g}L{WIDTH / 2:g} {flow.bottom + 39:g}", "commit")
    )
    parts.append(text(WIDTH / 2 + 14, flow.bottom + 25, "commit", "big"))
    y = flow.bottom + 40
    for n, words in enumerate(AFTER):
        parts += labelled(Box(190 + n * 290, y, 260, 36), words, style="")
    described = (
        "A request comes by urls.py to a view, which says who may enter and has a form clean what "
        "was typed. Then one flow asks policy, spends limits, and writes in one transaction the "
        "rows that change, the event and the mail. An AccountError goes back to the form. After "
        "the commit the signal is sent, the mail is delivered, and the answer goes out."
    )
    return svg(y + 60, "The way of one request", described, parts)


PICTURES = {"house.svg": house, "request.svg": request}


def main() -> None:
    for name, draw in PICTURES.items():
        (FOLDER / name).write_text(draw())


if __name__ == "__main__":
    main()
