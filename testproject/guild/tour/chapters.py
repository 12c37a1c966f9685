"""What a tour is made of."""

from dataclasses import dataclass

from ..places import Conditional, Place
from ..sources import Excerpt, Passage, found


@dataclass(frozen=True)
class Feature(Conditional):
    """One thing that the accounts do."""

    title: str
    about: str
    see: Place
    #: The lines that make it, or that change it.
    code: tuple[Excerpt, ...]
    #: The account pages that are part of it, by their names in the namespace.
    pages: tuple[str, ...] = ()
    #: A key of CONDITIONS.
    needs: str = ""

    @property
    def passages(self) -> list[Passage]:
        return found(self.code)


@dataclass(frozen=True)
class Chapter:
    """The features of a room, or of what all rooms share."""

    key: str
    title: str
    about: str
    features: tuple[Feature, ...]
    #: The rooms that it is about, as their folders are called.
    rooms: tuple[str, ...] = ()
