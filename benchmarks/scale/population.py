"""
Who lives on a site of many years: what share of its people has what, as rows that a database makes.

Everything follows from the number of a person: who has a second address, whose mail bounces, whose
role has ended. So any size has the same shares, and a row can point at another one that it does
not look up. What must hold between rows (``tests/invariants.py``) holds by the way they are made.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session

from django_useraccounts.canonical import username_key
from django_useraccounts.memberships.models import (
    Plan,
)
from django_useraccounts.models import (
    AccountEvent,
    AttemptCounter,
    OldUsername,
    OneTimeSecret,
    OutgoingMail,
    Role,
    RoleGrant,
    UndeliverableAddress,
    UserEmail,
)
from django_useraccounts.sessions.models import LoginSession

from .dialects import DIGITS, Words
from .rooms import RowsOfRooms
from .rows import (
    CHANGED_PASSWORD,
    CLOSED,
    DAY,
    DUE,
    FORGOTTEN,
    HERE,
    OFF,
    OVERDUE,
    PROVED,
    UNPROVED,
    Rows,
    choose,
    within,
)

#: What people are called, before their number.
NAMES = ("maria", "Frida", "diego", "zoë", "anna.k", "Jürgen", "ida-b", "lou_lou")
#: How their addresses begin, and where their mail is; as they are stored.
LOCALS = ("maria.", "Frida.", "diego+", "zoe.", "anna.k.", "Juergen.", "ida-b.", "lou_lou.")
HOSTS = ("example.com", "mail.example", "xn--bcher-kva.example", "example.org")
#: What stands for the number where a key is taken apart.
_NUMBER = "1" * DIGITS
ROLES = ("member", "artist", "programmer", "starving", "secret", "agent", "past", "to-come")

#: Lots of events, each of 90 days.
_LOTS = 11
#: How old an account may be: three years, in seconds.
_AGE = within(3 * 365 * DAY)


@dataclass
class Population(RowsOfRooms):
    """All rows of a number of people, in the words of a database."""

    words: Words
    number: int
    #: Keys of the rows that there are few of, by their names.
    roles: dict[str, int] = field(default_factory=dict)
    plan: int = 0
    #: Of how many lots of events the moments are used.
    moments: int = 0

    def make_the_few(self) -> None:
        """Make the roles and the plan that rows of people point at."""
        self.roles = {name: Role.objects.get_or_create(name=name)[0].pk for name in ROLES}
        facts = {"label": "Member", "price": "10", "role_id": self.roles["member"]}
        self.plan = Plan.objects.get_or_create(name="member", defaults=facts)[0].pk

    def rows(self) -> Iterator[Rows]:
        yield from self._people()
        yield from self._events()
        yield from self._grants()
        yield from self._links()
        yield from self._mails()
        yield from self._logins()
        yield from self.of_rooms()

    def _people(self) -> Iterator[Rows]:
        words = self.words
        lately = words.ago(within(90 * DAY))
        yield Rows(
            get_user_model(),
            {
                "id": "n",
                "password": words.literal(make_password("correct horse battery staple")),
                "username": choose([f"'{name}' || {words.digits}" for name in NAMES]),
                "username_key": choose([_username_key(name, words) for name in NAMES]),
                "email": f"CASE WHEN {PROVED} THEN {self.email()} ELSE '' END",
                "is_active": f"CASE WHEN {OFF} THEN FALSE ELSE TRUE END",
                "is_staff": "CASE WHEN MOD(n, 50000) = 4 THEN TRUE ELSE FALSE END",
                "date_joined": self._joined,
                "last_login": f"CASE WHEN {PROVED} THEN {lately} END",
                "session_epoch": f"CASE WHEN {CHANGED_PASSWORD} THEN 1 ELSE 0 END",
                "language": "'en-us'",
                "erase_at": f"CASE WHEN {CLOSED} THEN {words.ago(f'0 - {DAY} - MOD(n, 2000000)')}"
                f" WHEN {DUE} THEN {words.ago(f'{DAY}')} END",
            },
        )
        proved = {"verified_key": f"LOWER({self.email()})", "confirmed_at": self._joined}
        yield self._addresses("n", PROVED, {**proved, "is_primary": "TRUE"})
        yield self._addresses("n", UNPROVED, {})
        second = self.email("second.")
        proved["verified_key"] = f"LOWER({second})"
        yield self._addresses(f"{self.number} + n", f"{HERE} AND MOD(n, 5) = 1", proved, second)
        claim = self.email("claimed.")
        young = {"created_at": words.ago(f"3600 + CASE WHEN {OVERDUE} THEN {90 * DAY} ELSE 0 END")}
        of = f"{HERE} AND MOD(n, 10) = 3"
        yield self._addresses(f"{2 * self.number} + n", of, young, claim)
        state = choose(("'bounced'", "'failing'", "'complained'"))
        yield Rows(
            UndeliverableAddress,
            {
                "email_key": f"LOWER({self.email()})",
                "state": state,
                "failures": "MOD(n, 6)",
                "reason": "'550 5.1.1 no such user'",
                "reported_at": words.ago(within(60 * DAY)),
            },
            "MOD(n, 50) = 7",
        )
        released = words.ago(f"{within(60 * DAY)} - {40 * DAY}")
        key = f"'former' || {words.digits} || '-'"
        yield Rows(
            OldUsername,
            {"user_id": "n", "username_key": key, "released_at": released},
            "MOD(n, 100) = 8",
        )

    @property
    def _joined(self) -> str:
        young, old = self.words.ago(within(40_000)), self.words.ago(f"{40 * DAY} + {_AGE}")
        return f"CASE WHEN {UNPROVED} AND NOT {FORGOTTEN} THEN {young} ELSE {old} END"

    def email(self, prefix: str = "") -> str:
        host = choose([f"'{host}'" for host in HOSTS], of=3)
        begin = choose([f"'{prefix}{local}'" for local in LOCALS])
        return f"{begin} || {self.words.digits} || '@' || {host}"

    def _addresses(self, key: str, of: str, more: Mapping[str, str], email: str = "") -> Rows:
        email = email or self.email()
        columns = {"id": key, "user_id": "n", "email": email, "email_key": f"LOWER({email})"}
        return Rows(UserEmail, {**columns, "created_at": self._joined, **more}, of)

    def _events(self) -> Iterator[Rows]:
        words = self.words
        for kind, of in (
            ("registered", "TRUE"),
            ("email_confirmed", PROVED),
            ("logged_in", PROVED),
            ("password_changed", CHANGED_PASSWORD),
            ("logged_in", HERE),
            ("login_failed", f"{HERE} AND MOD(n, 3) = 1"),
        ):
            yield Rows(
                AccountEvent,
                {
                    "kind": f"'{kind}'",
                    "user_id": "n",
                    "actor_id": "NULL" if kind == "login_failed" else "n",
                    "at": self._next_moment(),
                    "client_address": words.address("'203.0.113.' || MOD(n, 200)"),
                    "via": "'useraccounts:login'",
                },
                of,
            )

    def _next_moment(self) -> str:
        """Return moments after those of the rows before: keys of events grow with time."""
        self.moments += 1
        left, share = (_LOTS - self.moments) * DAY * 90, DAY * 90 / self.number
        return self.words.ago(f"{left} + ({self.number} - n) * {share:.6f}")

    def _grants(self) -> Iterator[Rows]:
        past = self.words.ago(f"{200 * DAY} + MOD(n, {100 * DAY})")
        soon = self.words.ago(f"0 - {DAY} - {within(300 * DAY)}")
        over = self.words.ago(f"{DAY} + {within(150 * DAY)}")
        lots = {
            "member": (f"{HERE} AND MOD(n, 4) <> 3", past, "NULL"),
            "artist": (f"{HERE} AND MOD(n, 10) = 1", past, soon),
            "past": (f"{HERE} AND MOD(n, 10) = 2", past, over),
            "to-come": (f"{HERE} AND MOD(n, 50) = 5", self.words.ago(f"0 - {9 * DAY}"), "NULL"),
            "secret": (f"{HERE} AND MOD(n, 9973) = 6", past, "NULL"),
        }
        for role, (of, starts_at, ends_at) in lots.items():
            times = {"starts_at": starts_at, "ends_at": ends_at, "counts_until": ends_at}
            key = {"user_id": "n", "role_id": str(self.roles[role])}
            source = {"source": "'admin'", "granted_at": past}
            yield Rows(RoleGrant, {**key, **times, **source}, of)
            details = self.words.json(f'\'{{"role": "{role}"}}\'')
            moment = self._next_moment()
            told = {"kind": "'role_granted'", "user_id": "n", "at": moment, "details": details}
            yield Rows(AccountEvent, told, of)

    def _links(self) -> Iterator[Rows]:
        words = self.words
        week_ago = within(60 * DAY)
        young = {"created_at": words.ago("3600"), "expires_at": words.ago(f"0 - {2 * DAY}")}
        old = {"created_at": words.ago(f"{week_ago} + 3600"), "expires_at": words.ago(week_ago)}
        key = {"email_key": f"LOWER({self.email()})", "user_id": "n", "address_id": "n"}
        confirm = {"id": words.uuid("confirm"), "purpose": "'confirm_email'", **key}
        yield Rows(OneTimeSecret, {**confirm, **young}, f"{UNPROVED} AND NOT {FORGOTTEN}")
        reset = {"id": words.uuid("reset"), "purpose": "'reset_password'", **key}
        yield Rows(OneTimeSecret, {**reset, **old}, f"{HERE} AND MOD(n, 3) = 0")
        nobody = {"id": words.uuid("nobody"), "purpose": "'reset_password'", **old}
        yield Rows(OneTimeSecret, nobody, "MOD(n, 10) = 9")
        undo = {"id": words.uuid("undo"), "purpose": "'undo_email_change'", "user_id": "n"}
        yield Rows(OneTimeSecret, {**undo, **old}, f"{HERE} AND MOD(n, 10) = 3")

    def _mails(self) -> Iterator[Rows]:
        words = self.words
        when = words.ago(within(40 * DAY))
        base = {"to": self.email(), "language": "'en-us'", "site_name": "'My site'"}
        base["base_url"] = "'http://testserver/'"
        sent = {**base, "created_at": when, "sent_at": when, "due_at": "NULL", "attempts": "1"}
        yield Rows(OutgoingMail, {**sent, "kind": "'welcome'", "user_id": "n"}, PROVED)
        of_link = {"kind": "'reset_password'", "user_id": "n", "secret_id": words.uuid("reset")}
        yield Rows(OutgoingMail, {**sent, **of_link}, f"{HERE} AND MOD(n, 3) = 0")
        told = {**sent, "kind": "'password_changed'", "user_id": "n"}
        yield Rows(OutgoingMail, told, CHANGED_PASSWORD)
        of_link = {"kind": "'confirm_email'", "user_id": "n", "secret_id": words.uuid("confirm")}
        waits = {**base, "created_at": words.ago("600"), "due_at": words.ago("0 - 600 - n")}
        of = f"{UNPROVED} AND NOT {FORGOTTEN}"
        yield Rows(OutgoingMail, {**sent, **of_link}, f"{of} AND MOD(n, 500) <> 20")
        yield Rows(OutgoingMail, {**waits, **of_link}, f"{of} AND MOD(n, 500) = 20")
        gone = {**base, "kind": "'welcome'", "user_id": "n", "created_at": when, "due_at": "NULL"}
        gone |= {"attempts": "7", "error": "'timeout'"}
        yield Rows(OutgoingMail, gone, "MOD(n, 100) = 9")

    def _logins(self) -> Iterator[Rows]:
        words = self.words
        seen = within(60 * DAY)
        yield Rows(
            LoginSession,
            {
                "id": words.uuid("session"),
                "user_id": "n",
                "device_key": f"{words.hex('device')} || {words.hex('more')}",
                "user_agent": "'Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0'",
                "client_address": words.address("'203.0.113.' || MOD(n, 200)"),
                "started_at": words.ago(f"{seen} + {10 * DAY}"),
                "seen_at": words.ago(seen),
                "ended_at": f"CASE WHEN MOD(n, 4) = 1 THEN {words.ago(seen)} END",
                "epoch": "0",
            },
            f"{HERE} AND MOD(n, 3) <> 1",
        )
        # That of a visitor, as long as that of a user: what is in one is no question to a database.
        data = SessionStore().encode({"note": "a" * 120})
        expires = words.ago(f"0 - {within(14 * DAY)}")
        columns = {"session_key": words.hex("key"), "session_data": words.literal(data)}
        yield Rows(Session, {**columns, "expire_date": expires}, "MOD(n, 3) = 1")
        ends_at = f"{int(words.now.timestamp())} + {within(DAY)} - {DAY * 8 // 10}"
        key = f"{words.hex('a')} || {words.hex('b')}"
        columns = {"key": key, "attempts": "1 + MOD(n, 5)", "ends_at": ends_at}
        yield Rows(AttemptCounter, columns, "MOD(n, 2) = 1")


def _username_key(name: str, words: Words) -> str:
    # Punycode tells where other letters stand, and not which digits follow.
    before, after = username_key(name + _NUMBER).split(_NUMBER)
    return f"'{before}' || {words.digits} || '{after}'"
