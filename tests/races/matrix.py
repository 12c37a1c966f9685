"""Let two acts go at one moment, and judge what is left: no error, nothing broken, one then other."""

import re
import threading
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import combinations_with_replacement, islice
from time import perf_counter
from typing import Any, NamedTuple
from unittest import mock

from django.core.signals import got_request_exception
from django.db import connections
from django.test import override_settings

from django_useraccounts.testing.provider import FakeProvider
from tests.attacks.races import PATIENCE, Answer
from tests.invariants import Tables, broken
from tests.memberships.bills import KEY, SECRET
from tests.memberships.office import Office
from tests.races.acts import ACTS, Kind
from tests.races.remains import Left, left
from tests.races.suspense import suspense, with_another_in_between
from tests.races.world import MARIAS, NUMBER, REFUSALS, Act, Stage, World, snapshot
from tests.social.visits import OPTIONS

Pair = tuple[str, str]
Acts = list[Act]

CONF = {
    "ORIGIN": "http://testserver",
    "MAIL_DELIVERY": "command",
    "POLICY": "tests.races.world.Everybody",
    "SOCIAL": {"PROVIDERS": {"guild": {**OPTIONS, "DOMAINS": ("example.com",)}}},
    "MEMBERSHIPS": {"STRIPE_SECRET_KEY": KEY, "STRIPE_WEBHOOK_SECRET": SECRET},
}
#: Pairs of which one can find out that it came too late in a way that no order has, and why that
#: does no harm.
HARMLESS = {
    # The login of a closed account is overtaken by the end of its sessions: it stays closed, as
    # after having been closed once more, until the next login.
    frozenset({"reopen_by_login", "have_sessions_ended"}),
    frozenset({"reopen_by_login", "be_switched_off"}),
    # An administrator who has read the closed account before its sessions were ended does not open
    # it: the same.
    frozenset({"be_reopened", "have_sessions_ended"}),
    frozenset({"be_reopened", "be_switched_off"}),
    frozenset({"be_reopened", "set_a_password_by_code"}),
    # Of two who come by the provider to the account that is handed over the second finds it proved
    # by then, and is asked for its password. Whoever begins anew is let in.
    frozenset({"be_handed_over"}),
    # Two who have come by the same identity, and know the password, connect it once, and are let in.
    frozenset({"connect_account"}),
    # Who has given the password just as all sessions are ended is asked to begin anew.
    frozenset({"connect_account", "close_account"}),
    frozenset({"connect_account", "disconnect_provider"}),
    frozenset({"connect_account", "end_other_sessions"}),
    frozenset({"connect_account", "have_sessions_ended"}),
    # What ends while the command looks for ends is told the next time that it runs.
    frozenset({"hear_of_the_end", "be_told_of_the_end"}),
    # Of two browsers that close it the second finds it closed, and is logged out all the same.
    frozenset({"close_account"}),
    # Of two new names at once the later one is refused, and told so.
    frozenset({"change_username", "be_renamed"}),
    # The page of a link was passed before a newer link took its place: it proves the mailbox, or
    # gives it up, all the same, and what was mailed meanwhile has nothing left to do.
    frozenset({"confirm_email", "send_confirmation"}),
    frozenset({"confirm_email", "resend_confirmation"}),
    frozenset({"disown_email", "resend_confirmation"}),
    # The command drops old claims one by one: what it has left is taken off for the right one.
    frozenset({"put_the_address_right", "have_claims_pruned"}),
    # Who registers just as whoever has invited is erased is told once that the invitation is over; who
    # comes later finds no trace of it. Whoever sends the form again registers without it.
    frozenset({"register_by_an_invitation_of_the_owner", "be_erased"}),
    # Two browsers wrote the same, and each has its event.
    frozenset({"edit_profile"}),
}
#: How rows begin that say that somebody has come in, or take that back, and let nobody in.
TELL_OF_LOGINS = {
    ("AccountEvent", "logged_in"),
    ("AccountEvent", "login_failed"),
    ("AccountEvent", "new_login"),
    ("OutgoingMail", "new_login"),
    ("Link", "disown_login"),
}
#: Every pair, an act and itself included.
PAIRS = list(combinations_with_replacement(ACTS, 2))


@dataclass
class Tally:
    """How the races of one pair went."""

    pair: Pair
    races: int = 0
    seconds: float = 0
    #: Each in words: answers of 500 and more, invariants, results that no order leads to.
    errors: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    unordered: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        return [*self.errors, *self.broken, *self.unordered]


class Racers(ThreadPoolExecutor):
    """Two who act, each in a thread that stays, and so with its lines to servers and databases."""

    def __init__(self) -> None:
        super().__init__(max_workers=2, thread_name_prefix="racer")

    def at_once(self, acts: Acts) -> list[object]:
        barrier = threading.Barrier(2, timeout=PATIENCE)

        def run(act: Act) -> object:
            barrier.wait()
            return act()

        return [*self.map(run, map(tried, acts), timeout=PATIENCE * 2)]

    def in_turn(self, acts: Acts) -> list[object]:
        return [self.submit(tried(act)).result(PATIENCE) for act in acts]

    def in_between(self, acts: Acts) -> list[object]:
        """Do the second act while the first one has passed its guards and written nothing."""
        with suspense():
            return with_another_in_between(*map(tried, acts), racers=self)[0]


@contextmanager
def explained_errors() -> Iterator[Callable[[object], object]]:
    """Yield what says of an answer of 500 what was raised for it on the live server."""
    raised: list[str] = []

    def note(**kwargs: object) -> None:
        raised.append(traceback.format_exc())

    def explain(answer: object) -> object:
        is_page = isinstance(answer, Answer)
        return answer._replace(text="".join(raised)) if is_page and is_error(answer) else answer

    got_request_exception.connect(note)
    try:
        yield explain
    finally:
        got_request_exception.disconnect(note)


def tried(act: Act) -> Act:
    """Return the act with its error as its answer, so that others on the stage still have theirs."""

    def run() -> object:
        try:
            return act()
        except Exception as error:
            return error

    return run


Manner = Callable[[Racers, Acts], list[object]]


class Order(NamedTuple):
    """What was left by one act after the other, and what they were told."""

    left: Left
    answers: str


@dataclass
class Bout:
    """One time that two acts are done, by a Maria of their own."""

    tally: Tally
    #: Those of either way, known when they have been judged.
    orders: list[Order]
    manner: Manner
    #: Which of the two comes first.
    way: tuple[int, int] = (0, 1)

    @property
    def kinds(self) -> list[Kind]:
        return [ACTS[name] for name in self.tally.pair]

    def prepare(self, world: World) -> Acts:
        """Make the world that both acts want, and return the request of each."""
        acts = [kind.prepare(world) for kind in self.kinds]
        world.begin({key: value for kind in self.kinds for key, value in kind.world.items()})
        return [acts[place] for place in self.way]

    def judge(self, answers: list[object], now: Left, faults: list[str], who: str) -> None:
        """Note what is wrong with what has been done."""
        self.tally.errors += [f"{who}: {answer!r}" for answer in answers if is_error(answer)]
        self.tally.broken += [f"{who}: {words}" for words in faults]
        if self.manner is Racers.in_turn:
            self.orders.append(Order(now, _told(answers)))
            return
        self.tally.races += 1
        if not self.orders or frozenset(self.tally.pair) in HARMLESS:
            return
        if not any(is_as_good(now, order.left) for order in self.orders):
            beside = "; ".join(_difference(now, order) for order in self.orders)
            self.tally.unordered.append(f"{who}, told {_told(answers)}: {beside}")


#: What all bouts of a stage have in common: whether Maria has a password, and settings.
Scene = tuple[bool, tuple[tuple[str, Any], ...]]


class Races:
    """Lets acts go at once on a live server: a whole stage of Marias is made and judged at once."""

    def __init__(self, origin: str, provider: FakeProvider, office: Office) -> None:
        self.stage = Stage(origin, provider, office)

    def race(self, pairs: Iterable[Pair], *, repeats: int, ordered: bool) -> list[Tally]:
        """Race pairs so often; ``ordered`` compares with one after the other, both ways."""
        tallies, scenes = [Tally(pair) for pair in pairs], defaultdict(list)
        for tally in tallies:
            for bout in bouts(tally, repeats=repeats, ordered=ordered):
                scenes[scene_of(bout)].append(bout)
        with lasting_connections(self.stage) as racers:
            for scene, waiting in scenes.items():
                for place in range(0, len(waiting), MARIAS):
                    self.play(scene, waiting[place : place + MARIAS], racers)
        return tallies

    def play(self, scene: Scene, bouts: list[Bout], racers: Racers) -> None:
        """Do each bout by a Maria of its own, and judge all at the end."""
        started = perf_counter()
        has_password, conf = scene
        with override_settings(USERACCOUNTS=CONF):
            before = snapshot(password=has_password)
        with override_settings(USERACCOUNTS={**CONF, **dict(conf)}):
            worlds = [*islice(self.stage.worlds(before), len(bouts))]
            acts = [bout.prepare(world) for bout, world in zip(bouts, worlds, strict=True)]
            answers = []
            for bout, world, pair in zip(bouts, worlds, acts, strict=True):
                world.begin_turn()
                with explained_errors() as explain:
                    answers.append([explain(answer) for answer in bout.manner(racers, pair)])
            tables = Tables()
            lefts = left(tables, worlds)
            assert "" not in lefts, f"of nobody: {lefts['']}"
            faults = faults_in(tables, worlds)
        for bout, world, answer in zip(bouts, worlds, answers, strict=True):
            own = [words for words in faults if concerns(words, world.tag)]
            bout.judge(answer, lefts[world.tag], own, world.name("maria"))
            bout.tally.seconds += (perf_counter() - started) / len(bouts)


def bouts(tally: Tally, *, repeats: int, ordered: bool) -> Iterator[Bout]:
    """Yield what a pair has to go through, the orders that others are compared with first."""
    ways = _ways(tally.pair) if ordered else []
    orders: list[Order] = []
    for manner in (Racers.in_turn, Racers.in_between):
        yield from (Bout(tally, orders, manner, way) for way in ways)
    yield from (Bout(tally, orders, Racers.at_once) for _ in range(repeats))


def scene_of(bout: Bout) -> Scene:
    first, second = bout.kinds
    has_password = all(kind.world.get("password", True) for kind in bout.kinds)
    return has_password, tuple(sorted({**first.conf, **second.conf}.items()))


@contextmanager
def lasting_connections(stage: Stage) -> Iterator[Racers]:
    """Yield who keeps lines and connections open meanwhile, as the threads of the server do."""
    with Racers() as racers, mock.patch.dict(connections.settings["default"], CONN_MAX_AGE=None):
        try:
            yield racers
        finally:
            racers.at_once([connections.close_all] * 2)
            stage.lines.close()


def faults_in(tables: Tables, worlds: list[World]) -> list[str]:
    """Return what is broken, with the names of those whom the words call by a number."""
    names = {str(key): user.username for key, user in tables.users.items()}
    names |= {str(world.maria.pk): world.name("maria") for world in worlds}

    def named(number: re.Match[str]) -> str:
        return f"{names.get(number[1], '')}{number[0]}"

    return [re.sub(r"#(\d+)", named, words) for words in broken(tables)]


def concerns(words: str, tag: str) -> bool:
    """Say whether a Maria is named; where none is, all are meant."""
    tags = {number[0] for number in NUMBER.finditer(words)}
    return tag in tags or not tags


def is_as_good(now: Left, order: Left) -> bool:
    """
    Say whether a race has left what an order leaves.

    Short of links, which may have died when all links did, and of what tells of a login that the end
    of all sessions has overtaken: the password was right, and the session is none.
    """
    more, less = (
        [row for row in rows if row[:2] not in TELL_OF_LOGINS]
        for rows in (now - order, order - now)
    )
    return not more and all(row[0] == "Link" for row in less)


def _ways(pair: tuple[str, str]) -> list[tuple[int, int]]:
    return [(0, 1)] if pair[0] == pair[1] else [(0, 1), (1, 0)]


def is_error(answer: object) -> bool:
    if isinstance(answer, Answer):
        return answer.status >= 500
    return isinstance(answer, Exception) and not isinstance(answer, REFUSALS)


def _difference(now: Left, order: Order) -> str:
    """Say what there is too much, and what too little, beside an order."""
    more, less = now - order.left, order.left - now
    return (
        f"beside {order.answers} more: {sorted(map(str, more.elements()))};"
        f" less: {sorted(map(str, less.elements()))}"
    )


def _told(answers: list[object]) -> str:
    """Return the status of pages, and where they lead; what programs hear by its name."""
    return " and ".join(
        f"{answer.status} {answer.location}".strip()
        if isinstance(answer, Answer)
        else type(answer).__name__
        for answer in answers
    )
