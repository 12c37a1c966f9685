"""
Limits of attempts: counted before anything is tried, the same for what exists and what does not.

Every attempt counts for what it names (an account, an address) and for the client that makes it.
One statement counts all of its keys and returns the counts, so that parallel requests cannot slip
through between reading and writing. Source: OWASP ASVS 5.0, 6.3.1; NIST SP 800-63B-4, 3.2.2.
"""

import hashlib
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import connections, router
from django.http import HttpRequest

from .client import client_network
from .conf import conf
from .errors import TooManyAttempts
from .models import AttemptCounter


@dataclass(frozen=True)
class Rate:
    """So many attempts in a window of so many seconds."""

    attempts: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> "Rate":
        """Read "10/5m": a number, a slash, a length with the unit s, m, h or d; else ValueError."""
        match = re.fullmatch(r"([1-9]\d{0,8})/([1-9]\d{0,5})([smhd])", text)
        if not match:
            raise ValueError(f'{text!r} is no limit; write one like "10/5m".')
        unit = {"s": 1, "m": 60, "h": 3600, "d": 86400}[match[3]]
        return cls(int(match[1]), int(timedelta(seconds=int(match[2]) * unit).total_seconds()))


#: What may be tried how often: by what it names, and by who tries.
DEFAULTS: Mapping[str, Mapping[str, str]] = {
    "login": {"identifier": "10/5m", "client": "100/5m"},
    "register": {"identifier": "5/1h", "client": "20/1h"},
    # Mails that anybody can have sent to any address, whichever page asks for them.
    "mail": {"identifier": "5/1h", "client": "20/1h"},
    # A ZIP is made of all that the account holds.
    "export": {"identifier": "3/1d", "client": "20/1d"},
    # Every change reserves the old name.
    "username": {"identifier": "3/1d", "client": "20/1d"},
    # Writing to people who have not asked for it.
    "invite": {"identifier": "50/1d", "client": "100/1d"},
    # Asking the payment service for a page: each is a request that it counts, too.
    "checkout": {"identifier": "20/1h", "client": "100/1h"},
    # Going to a provider to log in there, and what comes back that is refused, which is noted.
    "social": {"client": "60/5m"},
    "social_refused": {"client": "60/5m"},
    # Proving the own password while logged in.
    "password": {"identifier": "10/5m", "client": "100/5m"},
}


#: By how many seconds the clocks of processes that share the counters may differ.
CLOCKS_DIFFER = 60


@dataclass(frozen=True)
class Spent:
    """The keys that one attempt was counted under."""

    keys: tuple[str, ...]

    def forgive(self) -> None:
        """Take the attempt back, since it succeeded; failures of others and before stay counted."""
        _take_back(self.keys)


def spend(purpose: str, *, identifier: str, request: HttpRequest | None) -> Spent:
    """
    Count an attempt; raise TooManyAttempts, before anything is tried, once there were too many.

    Without ``identifier`` only who tries is counted. Call it outside the transaction of the flow,
    so that a refusal is not rolled back with it.
    """
    rates = {**DEFAULTS[purpose], **conf.LIMITS.get(purpose, {})}
    subjects = {"identifier": identifier, "client": client_network(request)}
    keys = {name: _key(purpose, name, subject) for name, subject in subjects.items() if subject}
    _refuse_beyond({keys[name]: Rate.parse(rates[name]) for name in keys}, keys.get("client"))
    return Spent(tuple(keys.values()))


def is_first(purpose: str, token: str, *, seconds: int) -> bool:
    """Say whether a token is met for the first time; of two that bring it at once, one is first."""
    now = int(time.time())
    [(_key_of_it, count, _ends_at)] = _count(
        [(_key(purpose, "token", token), now + seconds)], now=now
    )
    return count == 1


def _refuse_beyond(rates: Mapping[str, Rate], client: str | None) -> None:
    now = int(time.time())
    counted = _count([(key, now + rate.seconds) for key, rate in rates.items()], now=now)
    waits = {key: ends_at - now for key, count, ends_at in counted if count > rates[key].attempts}
    if client in waits:
        # A client that is refused and tries ever new names must not fill the table with them.
        begun = [key for key, count, _ends_at in counted if count == 1]
        AttemptCounter.objects.filter(key__in=begun, attempts=1).delete()
    if waits:
        raise TooManyAttempts(max(waits.values()))


def _key(purpose: str, name: str, subject: str) -> str:
    # Hashed: what was typed can be long, or a password in the wrong field.
    return hashlib.sha256(f"{purpose}\0{name}\0{subject}".encode("utf-8", "replace")).hexdigest()


def _count(windows: Sequence[tuple[str, int]], *, now: int) -> list[tuple[str, int, int]]:
    """Add one to each key; return (key, attempts, end)s."""
    # A window is over when its end has passed, and also when its end lies far ahead of a new one's:
    # then the clock was set back, and waiting for it would lock people out. Not so for seconds:
    # another process has just read its clock before ours.
    over = f"{{ends_at}} <= %s OR {{ends_at}} > {{new_end}} + {CLOCKS_DIFFER}"
    return _upsert(
        [(key, 1, ends_at) for key, ends_at in windows],
        # MariaDB assigns from left to right: attempts has to be told before the end has changed.
        attempts=f"CASE WHEN {over} THEN 1 ELSE {{attempts}} + 1 END",
        ends_at=f"CASE WHEN {over} THEN {{new_end}} ELSE {{ends_at}} END",
        params=[now, now],
    )


def _take_back(keys: Sequence[str]) -> None:
    """Subtract one from each key."""
    _upsert(
        [(key, 0, 0) for key in keys],
        attempts="CASE WHEN {attempts} > 0 THEN {attempts} - 1 ELSE 0 END",
        ends_at="{ends_at}",
        params=[],
    )


def _upsert(
    rows: Sequence[tuple[str, int, int]], *, attempts: str, ends_at: str, params: Sequence[int]
) -> list[tuple[str, int, int]]:
    """
    Insert the rows, or change those whose key is there, and return them, in one statement.

    The rows are locked in the order of their keys, whoever asks: so two never wait for each other.
    """
    if not rows:
        return []
    connection = connections[router.db_for_write(AttemptCounter)]
    quote = connection.ops.quote_name
    table = quote(AttemptCounter._meta.db_table)
    columns = [quote(name) for name in ("key", "attempts", "ends_at")]
    if connection.vendor == "mysql":
        clash, new_end = "ON DUPLICATE KEY UPDATE", f"VALUES({columns[2]})"
    else:
        clash, new_end = f"ON CONFLICT ({columns[0]}) DO UPDATE SET", f"EXCLUDED.{columns[2]}"
    names = {
        "attempts": f"{table}.{columns[1]}",
        "ends_at": f"{table}.{columns[2]}",
        "new_end": new_end,
    }
    sql = (
        f"INSERT INTO {table} ({', '.join(columns)}) "  # noqa: S608 (names, no values)
        f"VALUES {', '.join(['(%s, %s, %s)'] * len(rows))} {clash} "
        f"{columns[1]} = {attempts.format(**names)}, {columns[2]} = {ends_at.format(**names)} "
        f"RETURNING {', '.join(columns)}"
    )
    values = [value for row in sorted(rows) for value in row]
    with connection.cursor() as cursor:
        cursor.execute(sql, [*values, *params])
        changed: Iterable[tuple[str, int, int]] = cursor.fetchall()
    return [(str(key), int(count), int(end)) for key, count, end in changed]
