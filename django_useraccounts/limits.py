"""
Limits of attempts: counted before anything is tried, the same for what exists and what does not.

Every attempt counts for what it names (an account, an address), for the client that makes it, and
for both together. All of that is counted at once, so that parallel requests cannot slip through
between reading and writing. Source: OWASP ASVS 5.0, 6.3.1; NIST SP 800-63B-4, 3.2.2.
"""

import hashlib
import logging
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from django.http import HttpRequest

from .client import client_network
from .conf import conf
from .counters import DATABASE, Count, Counters, Window, count, forgive
from .errors import TooManyAttempts

logger = logging.getLogger("django_useraccounts.limits")


@dataclass(frozen=True)
class Rate:
    """So many attempts in a window of so many seconds."""

    attempts: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> "Rate":
        """Read "10/5m": a number, a slash, a length with the unit s, m, h or d; else ValueError."""
        match = re.fullmatch(r"([1-9]\d{0,8})/([1-9]\d{0,5})([smhd])", text, re.ASCII)
        if not match:
            raise ValueError(f'{text!r} is no limit; write one like "10/5m".')
        unit = {"s": 1, "m": 60, "h": 3600, "d": 86400}[match[3]]
        return cls(int(match[1]), int(timedelta(seconds=int(match[2]) * unit).total_seconds()))


@lru_cache
def parse_rates(text: str) -> tuple[Rate, ...]:
    """Read one rate, or several with spaces between, of which each holds; else ValueError."""
    rates = tuple(Rate.parse(part) for part in text.split(" "))
    if len({rate.seconds for rate in rates}) < len(rates):
        raise ValueError(f"{text!r} limits one length of time twice.")
    return rates


#: Guesses at one password: the waits grow, up to a hundred in a day.
_GUESSES = "10/5m 30/1h 100/1d"

#: What may be tried how often, by what it names and by who tries:
#:
#: - identifier: what was typed, or whom it is about, whether it exists or not;
#: - client: an IPv4 address, or the /64 of an IPv6 address;
#: - pair: both together;
#: - account: an account by all its names; who goes beyond is answered as if the password was wrong;
#: - global: the whole site, for a flood that no honest use brings about;
#: - device: a browser that the account trusts, instead of all others.
DEFAULTS: Mapping[str, Mapping[str, str]] = {
    "login": {
        "identifier": _GUESSES,
        "client": "100/5m",
        "pair": "5/1m",
        "account": "100/1d",
        "global": "100000/5m",
        "device": _GUESSES,
    },
    # Each sends a mail to whatever address somebody types, from ever new networks if he has them.
    "register": {"identifier": "5/1h", "client": "20/1h", "global": "10000/1h"},
    # Other mails that anybody can have sent to any address, whichever page asks for them.
    "mail": {"identifier": "5/1h", "client": "20/1h", "global": "10000/1h"},
    # Apart, or strangers could use all mails to an address up for such as let nobody in. These do:
    # who has them sent without end has sent the owner a link.
    "reset": {"identifier": "5/1h", "client": "20/1h", "global": "10000/1h"},
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
    # Proving the own password while logged in. Counted apart from logins, which strangers try: they
    # could else keep the owner from changing the password.
    "password": {"identifier": _GUESSES, "client": "100/5m"},
}

#: The most rows that one budget of the whole site is spread over, so that logins do not queue for
#: one; a row has at least a thousand attempts, beside which chance makes no difference.
SHARDS_MAX, ATTEMPTS_OF_A_SHARD = 16, 1000


@dataclass(frozen=True)
class Spent:
    """An attempt that was counted and may be made."""

    counts: tuple[Count, ...]
    counters: Counters = DATABASE

    @property
    def is_in_vain(self) -> bool:
        """
        Say whether the attempt has to fail like any other, even with the right password.

        There were too many at this account. To refuse them as such would tell a stranger that two
        names belong to one account: use up one, then try the other.
        """
        return any(made.is_beyond for made in self.counts)

    def forgive(self) -> None:
        """
        Take the attempt back, since it succeeded; failures of others and before stay counted.

        But not those of the same client at the same name: errors in typing.
        """
        forgive(self.counters, self.counts)

    def forgive_name(self) -> None:
        """Take the attempt back for what it named, since nothing was done to that; not for who."""
        forgive(self.counters, [made for made in self.counts if made.window.is_of_name])


def spend(
    purpose: str,
    *,
    identifier: str,
    account: str = "",
    device: str = "",
    request: HttpRequest | None,
) -> Spent:
    """
    Count an attempt; raise TooManyAttempts, before anything is tried, once there were too many.

    Without ``identifier`` only who tries is counted, with ``device`` that one alone. ``account`` is
    where names of one account are counted together, see ``Spent.is_in_vain``. Call it outside the
    transaction of the flow, so that a refusal is not rolled back with it.
    """
    client = client_network(request)
    subjects = {
        "identifier": identifier,
        "client": client,
        "pair": f"{client}\0{identifier}" if client and identifier else "",
        "account": account,
        "global": "all",
    }
    windows = list(_windows(purpose, {"device": device} if device else subjects))
    counters, counts = count(windows)
    waits = [made.wait for made in counts if made.is_beyond and made.window.refuses]
    if waits:
        # A line, and no event: strangers who are refused must not fill a table.
        told = {"purpose": purpose, "client": client, "wait": max(waits)}
        logger.warning("Too many attempts (%s) from %s.", purpose, client, extra=told)
        raise TooManyAttempts(max(waits))
    return Spent(tuple(counts), counters)


def is_first(purpose: str, token: str, *, seconds: int) -> bool:
    """Say whether a token is met for the first time; of two that bring it at once, one is first."""
    window = Window(_key(purpose, "token", token), 1, seconds, refuses=False)
    # Not in the cache: one that loses what it keeps would let a token in twice.
    [made] = DATABASE.count([window])
    return made.attempts == 1


def _windows(purpose: str, subjects: Mapping[str, str | None]) -> Iterator[Window]:
    """Yield the windows of the budgets that a purpose has."""
    budgets = {**DEFAULTS[purpose], **conf.LIMITS.get(purpose, {})}
    for name, subject in subjects.items():
        if not subject or name not in budgets:
            continue
        for rate in parse_rates(budgets[name]):
            shards = _shards(rate) if name == "global" else 1
            yield Window(
                _key(purpose, name, str(rate.seconds), str(secrets.randbelow(shards)), subject),
                rate.attempts // shards,
                rate.seconds,
                refuses=name != "account",
                is_own=name == "pair",
                is_of_name=name == "identifier",
            )


def _shards(rate: Rate) -> int:
    return max(1, min(SHARDS_MAX, rate.attempts // ATTEMPTS_OF_A_SHARD))


def _key(*parts: str) -> str:
    # Hashed: what was typed can be long, or a password in the wrong field.
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()
