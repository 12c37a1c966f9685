"""
Try to tell by the time of an answer whether an account exists, and in which state it is.

    python -m benchmarks.strangers [--samples 500] [--hasher argon2|cheap] [--people 2000000]
                                   [--page register]

Every page that strangers can name somebody at, just as they come, is asked about accounts in every
state, and about nobody, in turns in random order, each account once. (Two more are for who comes
back from a provider; they call the flows of the login and of the registration.) What comes out is
the area under the ROC curve of the times of one state against those of nobody: 0.5 tells nothing, 1
everything. Source: the measure of an oracle by Mann and Whitney's U; OWASP ASVS 5.0, 6.3.8.

It exits with 1 if an area lies outside 0.45 to 0.55. Chance alone puts one in some dozens there
with 500 samples: such a page is asked once more, with four times as many.

The database is the one that USERACCOUNTS_TEST_DATABASE names, as ``python -m tests.servers`` sets
it, else a SQLite file.
"""

import argparse
import logging
import os
import random
import sys
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import django

from .scale.databases import database_of

#: What area a guess may reach.
LOW, HIGH = 0.45, 0.55
HASHERS = {
    "argon2": "django.contrib.auth.hashers.Argon2PasswordHasher",
    "cheap": "testproject.test_settings.QuickArgon2",
}
#: More is asked here in an hour than the whole of a site would be.
FLOOD = {"mail": {"global": "1000000/1h"}}
#: State of an account: columns of the user, and whether the address is confirmed.
STATES: dict[str, dict[str, Any]] = {
    "active": {},
    "unconfirmed": {"confirmed": False},
    "inactive": {"is_active": False},
    "without password": {"password": "!"},
    "closed": {"erase_at": timedelta(days=20)},
}
NOBODY = "nobody"
#: For so many in each state a limit is reached before they are asked about: it is soon forgotten.
USED_UP_AHEAD = 50
WRONG = "i know what i typed here"


def main() -> int:
    """Measure, print the table, and say by the exit code whether the promise holds."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--samples", type=int, default=500)
    parser.add_argument("--hasher", choices=HASHERS, default="argon2")
    parser.add_argument("--people", type=int, default=0, help="who live there besides")
    parser.add_argument("--page", default="", help="a word in the name of the page")
    options = parser.parse_args()
    with _database(HASHERS[options.hasher], people=options.people) as engine:
        print(f"Python {sys.version.split()[0]}, Django {django.__version__}, {engine},", end=" ")
        print(f"{options.hasher}, {options.samples} samples of each, {options.people:,} others\n")
        print(f"{'page':32}" + "".join(f"{state:>18}" for state in STATES))
        leaks = 0
        for name, act in ACTS.items():
            if options.page not in name:
                continue
            areas = _areas(act, options.samples)
            print(_line(name, areas))
            if _is_leak(areas):
                areas = _areas(act, 4 * options.samples)
                print(_line(f"{name}, once more", areas))
                leaks += _is_leak(areas)
    return int(bool(leaks))


def _line(name: str, areas: dict[str, float]) -> str:
    return f"{name:32}" + "".join(f"{area:18.3f}" for area in areas.values())


def _is_leak(areas: dict[str, float]) -> bool:
    return any(not LOW <= area <= HIGH for area in areas.values())


@contextmanager
def _database(hasher: str, *, people: int) -> Iterator[str]:
    """Make the database of the tests, with a site as it would be: limits, audit and outbox on."""
    if people:
        os.environ["USERACCOUNTS_TEST_DATABASE"] = database_of(people)
    os.environ["DJANGO_SETTINGS_MODULE"] = "testproject.test_settings"
    from django_useraccounts import timing

    step = timing.STEP
    from django.conf import settings

    settings.PASSWORD_HASHERS = [hasher]
    # The courier is another process: in a thread of this one, it would blur the times.
    changed = {"MAIL_DELIVERY": "command", "LIMITS": FLOOD}
    settings.USERACCOUNTS = {**settings.USERACCOUNTS, **changed}
    django.setup()
    # As on a site, other than in the tests.
    timing.STEP = step
    # Each refusal is written down, as on a site, but not beside the table.
    logging.getLogger("django_useraccounts").addHandler(logging.NullHandler())
    from django.db import connection
    from django.test.utils import (
        setup_databases,
        setup_test_environment,
        teardown_databases,
        teardown_test_environment,
    )

    setup_test_environment()
    if people:
        yield connection.vendor
        return
    made = setup_databases(verbosity=0, interactive=False)
    try:
        yield connection.vendor
    finally:
        teardown_databases(made, verbosity=0)
        teardown_test_environment()


@dataclass(frozen=True)
class Act:
    """What a stranger sends to a page about a username and its address."""

    page: str
    data: Callable[[str, str], dict[str, str]]
    #: Has the limit of the address been reached before?
    is_refused: bool = False

    def perform(self, client: Any, name: str, email: str) -> Any:
        from django.urls import reverse

        return client.post(reverse(self.page), self.data(name, email))


def _login(identifier: str) -> dict[str, str]:
    return {"identifier": identifier, "password": WRONG}


ACTS = {
    "login by username": Act("useraccounts:login", lambda name, email: _login(name)),
    "login by address": Act("useraccounts:login", lambda name, email: _login(email)),
    "login, refused by the limit": Act(
        "useraccounts:login", lambda name, email: _login(email), is_refused=True
    ),
    "login of the administration": Act(
        "admin:login", lambda name, email: {"username": email, "password": WRONG}
    ),
    "register": Act(
        "useraccounts:register",
        lambda name, email: {"username": f"x{name}", "email": email, "password": WRONG},
    ),
    "forgot_password": Act("useraccounts:forgot_password", lambda name, email: {"email": email}),
    "resend_confirmation": Act(
        "useraccounts:resend_confirmation", lambda name, email: {"email": email}
    ),
}


def _areas(act: Act, samples: int) -> dict[str, float]:
    """Return the area under the curve of each state against nobody."""
    from django.test import Client

    people = {state: _people(state, samples) for state in (*STATES, NOBODY)}
    times: dict[str, list[float]] = {state: [] for state in people}
    statuses = set()
    for number in range(samples):
        if act.is_refused and number % USED_UP_AHEAD == 0:
            ahead = slice(number, number + USED_UP_AHEAD)
            _use_up([email for each in people.values() for _name, email in each[ahead]])
        for state in random.sample(list(people), len(people)):
            # An address of its own for each: the limit of a client is not what is measured.
            address = ".".join(str(random.randint(1, 254)) for _ in range(4))
            client = Client(REMOTE_ADDR=address)
            start = time.perf_counter()
            response = act.perform(client, *people[state][number])
            times[state].append(time.perf_counter() - start)
            statuses.add(response.status_code)
    assert len(statuses) == 1, statuses
    return {state: area(times[state], times[NOBODY]) for state in STATES}


def area(ours: Sequence[float], others: Sequence[float]) -> float:
    """Return how likely one of ``ours`` is greater than one of ``others``: Mann and Whitney."""
    ranked = sorted(others)
    below = sum(bisect_left(ranked, one) + bisect_right(ranked, one) for one in ours)
    return below / (2 * len(ours) * len(others))


def _stranger() -> tuple[str, str]:
    name = "".join(random.choices("abcdefghijklmnopqrstuvwxyz", k=12))
    return name, f"{name}@example.com"


def _people(state: str, number: int) -> list[tuple[str, str]]:
    """Make accounts in a state, and return username and address of each."""
    from django.contrib.auth import get_user_model
    from django.contrib.auth.hashers import make_password
    from django.utils import timezone

    from django_useraccounts.testing import make_user

    people = [_stranger() for _ in range(number)]
    if state == NOBODY:
        return people
    columns = dict(STATES[state])
    is_confirmed = columns.pop("confirmed", True)
    if "erase_at" in columns:
        columns["erase_at"] = timezone.now() + columns["erase_at"]
    made = [make_user(name, email, None, confirmed=is_confirmed).pk for name, email in people]
    columns.setdefault("password", make_password("correct horse battery staple"))
    get_user_model()._base_manager.filter(pk__in=made).update(**columns)
    return people


def _use_up(addresses: Sequence[str]) -> None:
    """Try each address until the limit of it is reached."""
    from django_useraccounts.canonical import email_key
    from django_useraccounts.errors import TooManyAttempts
    from django_useraccounts.limits import spend

    for address in addresses:
        try:
            for _attempt in range(100):
                spend("login", identifier=email_key(address), request=None)
        except TooManyAttempts:
            continue
        raise AssertionError(f"{address} is never refused")


if __name__ == "__main__":
    sys.exit(main())
