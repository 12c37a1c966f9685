"""Let two acts go at one moment, and judge what is left: no error, nothing broken, one then other."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations_with_replacement
from time import perf_counter
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password
from django.test import override_settings

from django_useraccounts.invitations.models import Invitation
from django_useraccounts.memberships.models import Membership, Payment
from django_useraccounts.models import (
    AccountEvent,
    AccountExport,
    OldUsername,
    OneTimeSecret,
    OutgoingMail,
    RoleGrant,
    UserEmail,
)
from django_useraccounts.secrets import is_replaced, is_void
from django_useraccounts.social.models import Connection
from django_useraccounts.testing import PASSWORD
from django_useraccounts.testing.provider import FakeProvider
from tests.attacks.browsers import EVIL, NEW_PASSWORD
from tests.attacks.races import Answer, at_once
from tests.invariants import Tables, broken, living_sessions
from tests.memberships.bills import KEY, SECRET
from tests.races.acts import ACTS, Kind
from tests.races.suspense import suspense, with_another_in_between
from tests.races.world import Act, Snapshot, World, closing
from tests.social.visits import OPTIONS

Left = Counter[tuple[object, ...]]

CONF = {
    "ORIGIN": "http://testserver",
    "MAIL_DELIVERY": "command",
    "POLICY": "tests.races.world.Everybody",
    "SOCIAL": {"PROVIDERS": {"guild": OPTIONS}},
    "MEMBERSHIPS": {"STRIPE_SECRET_KEY": KEY, "STRIPE_WEBHOOK_SECRET": SECRET},
}
#: Pairs of which one can find out that it came too late in a way that no order has, and why that
#: does no harm.
HARMLESS = {
    # The login of a closed account is overtaken by the end of its sessions: it stays closed, as
    # after having been closed once more, until the next login.
    frozenset({"reopen_by_login", "have_sessions_ended"}),
    # Of two browsers that close it the second finds it closed, and is logged out all the same.
    frozenset({"close_account"}),
    # Of two new names at once the later one is refused, and told so.
    frozenset({"change_username", "be_renamed"}),
    # The page of a link was passed before a newer link took its place: it proves the mailbox, or
    # gives it up, all the same, and what was mailed meanwhile has nothing left to do.
    frozenset({"confirm_email", "send_confirmation"}),
    frozenset({"confirm_email", "resend_confirmation"}),
    frozenset({"disown_email", "resend_confirmation"}),
    # Two browsers wrote the same, and each has its event.
    frozenset({"edit_profile"}),
}
#: Every pair, an act and itself included.
PAIRS = list(combinations_with_replacement(ACTS, 2))


@dataclass
class Tally:
    """How the races of one pair went."""

    pair: tuple[str, str]
    races: int = 0
    seconds: float = 0
    #: Each in words: answers of 500 and more, invariants, results that no order leads to.
    errors: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    unordered: list[str] = field(default_factory=list)

    def judge(self, answers: list[object], orders: list[Left]) -> None:
        """Note what is wrong with a race that has just been run."""
        self.races += 1
        self.errors += [str(answer) for answer in answers if is_error(answer)]
        self.broken += broken()
        if not orders or frozenset(self.pair) in HARMLESS:
            return
        now = left()
        if not any(is_as_good(now, order) for order in orders):
            self.unordered += [_difference(now, orders)]

    @property
    def faults(self) -> list[str]:
        return [*self.errors, *self.broken, *self.unordered]


class Races:
    """The stage on which two acts go at once, on a live server."""

    def __init__(self, origin: str, provider: FakeProvider) -> None:
        self.origin, self.provider = origin, provider
        self.snapshot = cache(Snapshot)

    def race(self, pair: tuple[str, str], *, repeats: int, ordered: bool) -> Tally:
        """Race two acts some times; ``ordered`` compares with one after the other, both ways."""
        kinds = [ACTS[name] for name in pair]
        tally = Tally(pair)
        started = perf_counter()
        with override_settings(USERACCOUNTS={**CONF, **kinds[0].conf, **kinds[1].conf}):
            ways = _ways(pair) if ordered else []
            orders = [self.one_after_the_other(kinds, way) for way in ways]
            for way in ways:
                tally.judge(self.in_between(kinds, way), orders)
            for _ in range(repeats):
                acts = self.stage(kinds)
                answers = at_once(*map(closing, acts))
                tally.judge(answers, orders)
        tally.seconds = perf_counter() - started
        return tally

    def stage(self, kinds: list[Kind]) -> list[Act]:
        """Make the world that both acts want, and return the request of each."""
        wanted = {key: value for kind in kinds for key, value in kind.world.items()}
        snapshot = self.snapshot(password=wanted.get("password", True))
        world = World(self.origin, self.provider, snapshot, wanted)
        acts = [kind.prepare(world) for kind in kinds]
        world.begin()
        return acts

    def in_between(self, kinds: list[Kind], way: tuple[int, int]) -> list[object]:
        """Do the second act while the first one has passed its guards and written nothing."""
        acts = [closing(act) for act in self.stage(kinds)]
        with suspense():
            return with_another_in_between(acts[way[0]], acts[way[1]])[0]

    def one_after_the_other(self, kinds: list[Kind], way: tuple[int, int]) -> Left:
        """Return what is left when the acts wait for one another."""
        acts = self.stage(kinds)
        for place in way:
            answer = acts[place]()
            assert not is_error(answer), answer
        return left()


def is_as_good(now: Left, order: Left) -> bool:
    """
    Say whether a race has left what an order leaves.

    Short of links, which may have died when all links did, and of the event of a login that the end
    of all sessions has overtaken: the password was right, and the session is none.
    """
    more, less = now - order, order - now
    for kind in ("logged_in", "login_failed"):
        del more["AccountEvent", kind], less["AccountEvent", kind]
    return not more and all(row[0] == "Link" for row in less)


def _ways(pair: tuple[str, str]) -> list[tuple[int, int]]:
    return [(0, 1)] if pair[0] == pair[1] else [(0, 1), (1, 0)]


def is_error(answer: object) -> bool:
    return isinstance(answer, Answer) and answer.status >= 500


def left() -> Left:
    """Return what a person could notice of the tables: no keys, no moments, no order of rows."""
    users = {user.pk: user for user in get_user_model().objects.all()}
    names = {key: user.email or f"who wants to be {user.username}" for key, user in users.items()}
    return Counter(
        [
            *_of_users(users.values()),
            *_of_links(),
            *_rows(UserEmail, "user_id", "email", "verified_key", "is_primary", names=names),
            *_rows(Connection, "user_id", "subject", names=names),
            *_rows(OldUsername, "username_key", names=names),
            *_rows(AccountEvent, "kind", names=names),
            # Not to which: who changes addresses and password at once is told at either.
            *_rows(OutgoingMail, "kind", names=names),
            *_rows(AccountExport, "user_id", names=names),
            *_rows(RoleGrant.objects.in_force(), "user_id", "role__name", names=names),
            *_rows(Membership, "state", names=names),
            *_rows(Payment, "state", names=names),
            *(("Invitation", row.email, row.state, row.uses) for row in _invitations()),
            *(("Session", names[user.pk]) for _session, user in living_sessions(Tables())),
        ]
    )


def _of_users(users: Any) -> Iterator[tuple[object, ...]]:
    for user in users:
        passwords = [text for text in (PASSWORD, EVIL, NEW_PASSWORD) if check_it(text, user)]
        yield (
            *("User", user.username, user.email, user.first_name, tuple(passwords)),
            *(user.is_active, user.is_closed, user.is_superuser, user.session_epoch),
            user.terms_version,
        )


def check_it(text: str, user: Any) -> bool:
    return bool(check_password(text, user.password))


def _of_links() -> Iterator[tuple[object, ...]]:
    """Which links work: what is left of a link that does not, nobody notices."""
    rows = OneTimeSecret.objects.exclude(user=None).select_related("user", "address")
    for row in rows.annotate(is_replaced=is_replaced()):
        if not is_void(row, is_replaced=row.is_replaced):
            yield "Link", row.purpose, row.email_key


def _invitations() -> Any:
    return Invitation.objects.select_related("link__user")


def _rows(model: Any, *columns: str, names: dict[Any, str]) -> Iterator[tuple[object, ...]]:
    rows = model.objects.all() if isinstance(model, type) else model
    for values in rows.values_list(*columns):
        who = [names.get(values[0])] if columns[0] == "user_id" else [values[0]]
        yield (rows.model.__name__, *who, *values[1:])


def _difference(now: Left, orders: list[Left]) -> str:
    """Say what there is too much, and what too little, beside the order that is nearest."""
    nearest = min(orders, key=lambda order: (now - order).total() + (order - now).total())
    more, less = now - nearest, nearest - now
    return f"more: {sorted(map(str, more.elements()))}; less: {sorted(map(str, less.elements()))}"
