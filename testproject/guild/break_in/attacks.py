"""What a list of attacks is made of."""

from collections.abc import Callable
from dataclasses import dataclass

from ..places import Conditional, Place
from ..sources import Excerpt, Passage, found
from .scene import Scene


@dataclass(frozen=True)
class Proof:
    """A test that makes the attack, each time the package is tested."""

    file: str
    name: str

    @property
    def passage(self) -> Passage | None:
        """Return the code of the test; None where the tests did not come along with the demo."""
        return next(iter(found([Excerpt(self.file, self.name)])), None)


def proved(file: str, *names: str) -> tuple[Proof, ...]:
    """Name tests of one file below tests/attacks, or below tests with a slash in its name."""
    path = f"tests/{file}.py" if "/" in file else f"tests/attacks/test_{file}.py"
    return tuple(Proof(path, name) for name in names)


@dataclass(frozen=True)
class Attack(Conditional):
    """One way to do harm, and what stands in it."""

    key: str
    title: str
    #: What an attacker hopes for, in a sentence.
    hope: str
    #: What to do by hand, step by step.
    do: tuple[str, ...]
    #: What one sees then.
    see: str
    #: What stands in the way.
    why: str
    tests: tuple[Proof, ...]
    #: Where to begin by hand.
    place: Place | None = None
    #: A line for a terminal, where ``{origin}`` stands for the address of the demo.
    curl: str = ""
    #: The whole attack, played.
    trial: Callable[[Scene], None] | None = None
    #: A key of CONDITIONS.
    needs: str = ""

    @property
    def can_be_played(self) -> bool:
        return self.trial is not None and self.is_here


@dataclass(frozen=True)
class Part:
    """Attacks of one kind."""

    key: str
    title: str
    about: str
    attacks: tuple[Attack, ...]
