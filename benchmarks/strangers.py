"""
Try to tell by the time of an answer whether an account exists, and in which state it is.

    python -m benchmarks.strangers [--samples 500] [--hasher argon2|cheap] [--people 2000000]
                                   [--page register]

Every page that strangers can name somebody at, just as they come, is asked about accounts in every
state, and about nobody, in turns in random order, each account once. What comes out is the area
under the ROC curve of the times of one state against those of nobody: 0.5 tells nothing, 1
everything. Source: the measure of an oracle by Mann and Whitney's U; OWASP ASVS 5.0, 6.3.8.
``UNASKED`` names the other pages for strangers, each with the reason why no time is taken there.

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
FLOOD = {what: {"global": "10000000/1h"} for what in ("login", "register", "mail", "reset")}
#: Who says who the strangers are that come back from there; it is not asked.
PROVIDER = {
    "ISSUER": "https://id.guild.example",
    "CLIENT_ID": "the-site",
    "CLIENT_SECRET": "the-secret",
    "LABEL": "The Guild",
}
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
        print(f"{'page':40}" + "".join(f"{state:>18}" for state in STATES))
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
    return f"{name:40}" + "".join(f"{area:18.3f}" for area in areas.values())


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
    changed["SOCIAL"] = {"PROVIDERS": {"guild": PROVIDER}}
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
    #: Whose limit has been reached for the address before?
    used_up: str = ""
    #: Has he come back from a provider, with the address as a claim that is not proved?
    is_arrived: bool = False

    def prepare(self, client: Any, name: str, email: str) -> None:
        if self.is_arrived:
            _arrive(client, name, email)

    def perform(self, client: Any, name: str, email: str) -> Any:
        from django.urls import reverse

        return client.post(reverse(self.page), self.data(name, email))


def _login(identifier: str) -> dict[str, str]:
    return {"identifier": identifier, "password": WRONG}


def _office(name: str, email: str) -> dict[str, str]:
    return {"username": email, "password": WRONG}


def _registration(name: str, email: str) -> dict[str, str]:
    return {"username": f"x{name}", "email": email, "password": WRONG}


def _address(name: str, email: str) -> dict[str, str]:
    return {"email": email}


ACTS = {
    "login by username": Act("useraccounts:login", lambda name, email: _login(name)),
    "login by address": Act("useraccounts:login", lambda name, email: _login(email)),
    "login, refused by the limit": Act(
        "useraccounts:login", lambda name, email: _login(email), used_up="login"
    ),
    "login of the administration": Act("admin:login", _office),
    "administration, refused": Act("admin:login", _office, used_up="login"),
    "register": Act("useraccounts:register", _registration),
    "register, refused": Act("useraccounts:register", _registration, used_up="register"),
    "forgot_password": Act("useraccounts:forgot_password", _address),
    "forgot_password, refused": Act("useraccounts:forgot_password", _address, used_up="reset"),
    "resend_confirmation": Act("useraccounts:resend_confirmation", _address),
    "resend_confirmation, refused": Act(
        "useraccounts:resend_confirmation", _address, used_up="mail"
    ),
    "complete_registration": Act(
        "useraccounts:complete_registration", _registration, is_arrived=True
    ),
    "connect_account": Act(
        "useraccounts:connect_account",
        lambda name, email: {**_login(email), "identity": _identity(name, email).key},
        is_arrived=True,
    ),
    "mail_connect_link": Act(
        "useraccounts:mail_connect_link", lambda name, email: {}, is_arrived=True
    ),
}
#: Pages for strangers of which no time is taken, with the reason.
UNASKED = {
    "a link is asked for, and only who reads the mailbox has one": (
        "accept_invitation confirm_email connect_by_link disown_login reset_password "
        "undo_email_change"
    ),
    "nobody can be named there": "logout mail_sent pricing social_login terms",
    "only a provider that the site trusts can name somebody": "social_callback",
    "only a service that knows a secret of the site is heard": "stripe_webhook",
}


def _identity(name: str, email: str) -> Any:
    from django_useraccounts.social.identities import Identity

    return Identity("guild", PROVIDER["ISSUER"], name, email)


def _arrive(client: Any, name: str, email: str) -> None:
    """Let somebody wait in the session whom a provider knows, and who belongs to no account yet."""
    from django.conf import settings
    from django.http import HttpRequest

    from django_useraccounts.social.attempts import Arrival, keep_arrival

    request = HttpRequest()
    request.session = client.session
    keep_arrival(Arrival(_identity(name, email)), request=request)
    request.session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = request.session.session_key


def _areas(act: Act, samples: int) -> dict[str, float]:
    """Return the area under the curve of each state against nobody."""
    from django.test import Client

    people = {state: _people(state, samples) for state in (*STATES, NOBODY)}
    times: dict[str, list[float]] = {state: [] for state in people}
    statuses = set()
    for number in range(samples):
        if act.used_up and number % USED_UP_AHEAD == 0:
            ahead = slice(number, number + USED_UP_AHEAD)
            addresses = [email for each in people.values() for _name, email in each[ahead]]
            _use_up(act.used_up, addresses)
        for state in random.sample(list(people), len(people)):
            # An address of its own for each: the limit of a client is not what is measured.
            address = ".".join(str(random.randint(1, 254)) for _ in range(4))
            client = Client(REMOTE_ADDR=address)
            act.prepare(client, *people[state][number])
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


def _use_up(purpose: str, addresses: Sequence[str]) -> None:
    """Try each address until the limit of it is reached."""
    from django_useraccounts.canonical import email_key
    from django_useraccounts.errors import TooManyAttempts
    from django_useraccounts.limits import spend

    for address in addresses:
        try:
            for _attempt in range(100):
                spend(purpose, identifier=email_key(address), request=None)
        except TooManyAttempts:
            continue
        raise AssertionError(f"{address} is never refused")


if __name__ == "__main__":
    sys.exit(main())
