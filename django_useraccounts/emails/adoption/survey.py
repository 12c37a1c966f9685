"""What is the same to the accounts among names that were never compared: found before a change."""

import sqlite3
from collections.abc import Iterable
from typing import Self

#: Kilobytes that are kept in memory; the rest is a file without a name, gone with the process.
CACHE = 32_768


class Survey:
    """
    The keys of all names that there are, how many users have each, and who of them comes first.

    Keys are computed in Python, so the database cannot compare them before they are stored; and of
    millions there is no room in memory.
    """

    def __init__(self) -> None:
        self._names = sqlite3.connect("", isolation_level=None)
        for pragma in (f"cache_size=-{CACHE}", "journal_mode=OFF", "synchronous=OFF"):
            self._names.execute(f"PRAGMA {pragma}")
        self._names.execute(
            "CREATE TABLE names (kind, key, first, users, PRIMARY KEY (kind, key)) WITHOUT ROWID"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._names.close()

    def add(self, kind: str, names: Iterable[tuple[str, object]]) -> None:
        """Write down keys and whose they are, in the order in which the users come."""
        self._names.execute("BEGIN")
        self._names.executemany(
            "INSERT INTO names VALUES (?, ?, ?, 1)"
            " ON CONFLICT (kind, key) DO UPDATE SET users = users + 1",
            [(kind, key, str(user)) for key, user in names if key],
        )
        self._names.execute("COMMIT")

    def shared(self, kind: str, keys: Iterable[str]) -> dict[str, str]:
        """Return those of the keys that several users have, with the first of these users."""
        wanted = list(keys)
        found: dict[str, str] = {}
        # SQLite takes a thousand values in a statement, everywhere.
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            marks = ", ".join("?" * len(part))
            rows = self._names.execute(
                "SELECT key, first FROM names"  # noqa: S608 - question marks alone
                f" WHERE kind = ? AND users > 1 AND key IN ({marks})",
                [kind, *part],
            )
            found.update(rows)
        return found
