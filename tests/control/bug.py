"""What a known bug of somebody's is made of: lines of ours, and what stood there instead."""

from dataclasses import dataclass, field
from pathlib import Path

#: The package whose code is changed.
PACKAGE = "django_useraccounts"


class DoesNotApply(Exception):
    """What a bug replaces is not there exactly once: the code has changed, the bug has to follow."""


@dataclass(frozen=True)
class Change:
    """Some lines of a file of the package, and what they are replaced by."""

    file: str
    now: str
    instead: str

    def applied_to(self, text: str) -> str:
        """Return the text of the file with the bug; DoesNotApply unless there is one such place."""
        places = text.count(self.now)
        if places != 1:
            raise DoesNotApply(f"{self.file} has {places} times: {self.now.strip()!r}")
        return text.replace(self.now, self.instead)


@dataclass(frozen=True, kw_only=True)
class Bug:
    """A bug that somebody has had, as a change of our code, and the tests that have to fail by it."""

    #: In a word or some, for the command line.
    name: str
    #: Of the list of attacks, as in the names of tests; "-" for none.
    row: str
    #: What is wrong then, in a sentence.
    what: str
    #: Who has had it: a project with the version that mended it, a CVE; "naive" for code that
    #: people write by hand.
    whose: str
    changes: tuple[Change, ...]
    #: Node ids of pytest.
    tests: tuple[str, ...]
    #: Where it can be seen: races need a database that lets two transactions run at once.
    database: str = field(default="sqlite")

    def apply(self, root: Path) -> None:
        """Write the bug into the package below ``root``; DoesNotApply if it does not fit."""
        for change in self.changes:
            path = root / PACKAGE / change.file
            path.write_text(change.applied_to(path.read_text()))
