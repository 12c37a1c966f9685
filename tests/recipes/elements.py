"""What of a page a site gives another look: its buttons, and what people fill in."""

from collections.abc import Mapping
from html.parser import HTMLParser

#: Elements that are filled in or pressed.
ELEMENTS = ("a", "button", "input", "select", "textarea")


class Elements(HTMLParser):
    """The attributes of all that can be filled in, pressed or followed on a page, by tag."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, Mapping[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ELEMENTS and given.get("type") != "hidden" and "hidden" not in given:
            self.found.append((tag, given))

    @property
    def all(self) -> list[Mapping[str, str | None]]:
        return [attrs for _tag, attrs in self.found]

    @property
    def inputs(self) -> list[Mapping[str, str | None]]:
        return [attrs for tag, attrs in self.found if tag in ("input", "select", "textarea")]

    @property
    def buttons(self) -> list[Mapping[str, str | None]]:
        return [attrs for tag, attrs in self.found if tag == "button"]


def classes(attrs: Mapping[str, str | None]) -> set[str]:
    return set((attrs.get("class") or "").split())
