"""The words in which each database makes many rows by itself, from nothing but a number."""

from datetime import datetime
from typing import Any, ClassVar

from django.db import models

#: Digits of the number in a name, so that a number has one length and sorts as a text.
DIGITS = 8


def words_of(connection: Any, now: datetime) -> "Words":
    """Return the words of a database; ``now`` is the moment that rows are told to be of."""
    kinds = {"postgresql": PostgreSQLWords, "mysql": MariaDBWords, "sqlite": SQLiteWords}
    return kinds[connection.vendor](connection, now)


class Words:
    """Expressions over ``n``, the number of a person. What all databases say alike stands here."""

    #: Run before rows are made: what points at what is right by the way it is made.
    start: ClassVar[tuple[str, ...]] = ()

    def __init__(self, connection: Any, now: datetime) -> None:
        self.connection, self.now = connection, now

    def series(self, first: int, last: int) -> str:
        """Return a table of the numbers, as ``n``."""
        raise NotImplementedError

    def ago(self, seconds: str) -> str:
        """Return the moment so many seconds before now; a negative number lies ahead."""
        raise NotImplementedError

    @property
    def digits(self) -> str:
        return f"LPAD('' || n, {DIGITS}, '0')"

    def literal(self, value: object, field: Any = None) -> str:
        if isinstance(field, models.JSONField):
            return self.json("'{}'")
        if value is None:
            return "NULL"
        if isinstance(value, bool):
            return str(value).upper()
        if isinstance(value, int):
            return str(value)
        if isinstance(value, datetime):
            return self.ago(str((self.now - value).total_seconds()))
        text = str(value).replace("'", "''")
        return f"'{text}'"

    def hex(self, salt: str) -> str:
        """Return 32 signs that look like chance, others for each salt."""
        return f"MD5('{salt}' || n)"

    def uuid(self, salt: str) -> str:
        # With the bits of a random one: MariaDB refuses others.
        text = self.hex(salt)
        return f"SUBSTR({text}, 1, 12) || '4' || SUBSTR({text}, 14, 3) || '8' || SUBSTR({text}, 18)"

    def json(self, text: str) -> str:
        return text

    def address(self, text: str) -> str:
        return text

    def digest(self, before: str, after: str) -> str:
        """Return the SHA-256 of two texts with a NUL between them."""
        return f"SHA256({before} || CHAR(0) || {after})"


class PostgreSQLWords(Words):
    # Foreign keys are looked at by triggers, one for each row and key.
    start = (
        "SET session_replication_role = replica",
        "SET synchronous_commit = off",
        "SET work_mem = '256MB'",
    )

    def series(self, first: int, last: int) -> str:
        return f"generate_series(CAST({first} AS bigint), {last}) AS numbers(n)"

    def ago(self, seconds: str) -> str:
        return (
            f"(CAST('{self.now.isoformat()}' AS timestamptz) - ({seconds}) * interval '1 second')"
        )

    def uuid(self, salt: str) -> str:
        return f"CAST({super().uuid(salt)} AS uuid)"

    def json(self, text: str) -> str:
        return f"CAST({text} AS jsonb)"

    def address(self, text: str) -> str:
        return f"CAST({text} AS inet)"

    def digest(self, before: str, after: str) -> str:
        parts = (f"convert_to({text}, 'UTF8')" for text in (before, after))
        text = " || decode('00', 'hex') || ".join(parts)
        return f"encode(sha256({text}), 'hex')"


class MariaDBWords(Words):
    start = (
        "SET SESSION sql_mode = CONCAT(@@sql_mode, ',PIPES_AS_CONCAT')",
        "SET SESSION foreign_key_checks = 0",
        "SET SESSION unique_checks = 0",
    )

    def series(self, first: int, last: int) -> str:
        # An engine of tables of numbers, which are there by their names.
        return f"(SELECT CAST(seq AS SIGNED) AS n FROM seq_{first}_to_{last}) AS numbers"

    def ago(self, seconds: str) -> str:
        moment = self.connection.ops.adapt_datetimefield_value(self.now)
        return f"TIMESTAMPADD(SECOND, -({seconds}), '{moment}')"

    def digest(self, before: str, after: str) -> str:
        return f"SHA2({before} || CHAR(0) || {after}, 256)"


class SQLiteWords(Words):
    start = ("PRAGMA foreign_keys = off",)

    def series(self, first: int, last: int) -> str:
        more = f"SELECT n + 1 FROM counted WHERE n < {last}"
        counted = f"WITH RECURSIVE counted(n) AS (SELECT {first} UNION ALL {more})"
        return f"({counted} SELECT n FROM counted) AS numbers"

    def ago(self, seconds: str) -> str:
        moment = self.connection.ops.adapt_datetimefield_value(self.now)
        return f"datetime('{moment}', (-({seconds})) || ' seconds')"
