"""What becomes of one account that something else has made, decided in memory."""

import hashlib
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from django.utils import timezone

from ...canonical import Name, clean_email, clean_username, email_key, username_key
from ...errors import InvalidEmail, InvalidUsername
from ...identity import login_names
from ...models import AbstractUser, AccountEvent, UserEmail
from ...models.emails import ADOPTED
from ..flows.rows import in_order

#: What is read of a user, and written.
COLUMNS = ("username", "username_key", "email")


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How accounts are taken over."""

    #: Only what the former code does not read: it still runs, and mails to ``user.email``.
    ahead: bool = False
    #: Give a new username to whoever cannot log in by the present one.
    rename: bool = False
    #: How many of the usernames that could be given are tried; the last ones nobody else would get.
    names: int = 3


@dataclass(frozen=True)
class Finding:
    """What cannot be taken over as it is, and what becomes of it."""

    user: object
    username: str
    email: str
    what: str
    becomes: str
    #: The new text, where there is one.
    new: str = ""
    #: The user has nothing to log in by, until somebody does something about it.
    is_left: bool = False


@dataclass(kw_only=True)
class Known:
    """What was asked about the names of a batch."""

    #: Who has which key, as text, as a survey has it.
    username_owners: dict[str, str] = field(default_factory=dict)
    #: Usernames that are taken, of those that could be given, as ``alike`` has them.
    usernames: set[str] = field(default_factory=set)
    email_owners: Mapping[str, object] = field(default_factory=dict)
    #: Keys of addresses that several users have.
    shared: Collection[str] = ()
    #: Users whose address the site knows to be theirs.
    confirmed: Collection[object] = ()


class Account:
    """A user with the addresses, brought in order in memory."""

    def __init__(self, user: AbstractUser, addresses: list[UserEmail]) -> None:
        self.user, self.addresses = user, addresses
        self.before = {name: getattr(user, name) for name in COLUMNS}
        self.is_new = user.username_key is None and not addresses
        self.new_addresses: list[UserEmail] = []
        self.changed_addresses: list[UserEmail] = []
        self.events: list[AccountEvent] = []

    @cached_property
    def key(self) -> str | None:
        """The key of the username, "" if there can be none, None without a username."""
        return username_key(self.user.username) if self.user.username else None

    @cached_property
    def name(self) -> Name | None:
        """What the address of the former accounts is to ours, None if it is no address."""
        try:
            return clean_email(self.before["email"])
        except InvalidEmail:
            return None

    @property
    def is_changed(self) -> bool:
        """Whether a column of the user is to be written."""
        return any(map(self.has_changed, COLUMNS))

    def has_changed(self, column: str) -> bool:
        """Say whether one of COLUMNS is to be written."""
        return bool(self.before[column] != getattr(self.user, column))

    def is_settled(self, rules: Rules) -> bool:
        """Say whether nothing is left to be done."""
        if self.user.username and not self.user.username_key:
            return False
        if self.key != self.user.username_key or self._has_idle_at():
            return False
        return not self.user.email or (
            bool(self.addresses) if rules.ahead else self.user.email == self._primary_email()
        )

    def names_to_give(self) -> list[str]:
        """Return usernames that could take the place of the present one, which is of no use."""
        text = (self.user.username or "").partition("@")[0]
        texts = (text, f"{text}-{self.user.pk}", f"user-{self.user.pk}")
        return [name for name in map(_clean, texts) if name]

    def settle(self, known: Known, rules: Rules) -> Iterator[Finding]:
        """Bring everything in order that can be; yield what is not taken over as it was."""
        yield from self._settle_email(known, rules)
        if "username" in login_names():
            yield from self._settle_username(known, rules)
        elif not self._is_confirmed():
            yield self._finding("no confirmed address", "cannot log in", is_left=True)
        self._settle_key(known)
        if self.is_new and (self.is_changed or self.new_addresses):
            address = self.new_addresses[0] if self.new_addresses else None
            self._record_later(
                "account_adopted",
                address=address.email if address else "",
                confirmed=bool(address and address.is_confirmed),
            )

    def _settle_email(self, known: Known, rules: Rules) -> Iterator[Finding]:
        text = self.user.email
        if not text and not self.addresses:
            yield self._finding("no address", "stays without one")
        elif text and text != self._primary_email():
            yield from self._take_address(text, known, rules)
        if not rules.ahead:
            self._have_a_primary_address()
            self.user.email = self._primary_email()

    def _take_address(self, text: str, known: Known, rules: Rules) -> Iterator[Finding]:
        name = self.name
        if name is None:
            yield self._finding("not an address", "is taken off the account")
            if not rules.ahead:
                self._record_later("email_removed", address=text)
            return
        if name.key != text.strip().lower():
            yield self._finding("another spelling", "is written as", new=name.text)
        obstacle = self._obstacle(name, known)
        if obstacle:
            yield self._finding(obstacle, "waits to be confirmed")
        is_proved = not obstacle and self.user.pk in known.confirmed
        row = next((row for row in self.addresses if row.email_key == name.key), None)
        if row is None:
            row = self._new_address(name)
        elif not self._may_become_primary(row, is_proved=is_proved):
            return
        else:
            self.changed_addresses.append(row)
        if row.is_confirmed or is_proved:
            self._prove(row)

    def _obstacle(self, name: Name, known: Known) -> str:
        if any(row.is_primary and row.email_key != name.key for row in self.addresses):
            return "address changed since"
        if known.email_owners.get(name.key) not in (None, self.user.pk):
            return "address of another"
        return "address of several" if name.key in known.shared else ""

    def _new_address(self, name: Name) -> UserEmail:
        row = UserEmail(user_id=self.user.pk, email=name.text, email_key=name.key)
        digest = hashlib.sha256(f"{self.user.pk} {name.key}".encode()).hexdigest()
        row.registration_key = f"{ADOPTED}{digest[:40]}"
        self.addresses.append(row)
        self.new_addresses.append(row)
        if not self.is_new:
            self._record_later("email_added", address=name.text, confirmed=False)
        return row

    def _may_become_primary(self, row: UserEmail, *, is_proved: bool) -> bool:
        """Say whether a row that is there is the first one that counts as proved."""
        if self._primary_email():
            return False
        # Its user may have proved it by mail, while the column still showed it.
        return row.is_confirmed or (is_proved and (row.registration_key or "").startswith(ADOPTED))

    def _prove(self, row: UserEmail) -> None:
        if not row.is_confirmed:
            row.verified_key, row.confirmed_at = row.email_key, timezone.now()
            row.registration_key = None
            if not self.is_new:
                self._record_later("email_confirmed", address=row.email, confirmed=True)
        row.is_primary = True if not self._primary_email() else row.is_primary

    def _have_a_primary_address(self) -> None:
        """Take the oldest proved one, if none is: it was proved while the column showed another."""
        row = next(iter(in_order(self.addresses, self.user)), None)
        if row and not row.is_primary:
            row.is_primary = True
            self.changed_addresses.append(row)
            self._record_later("primary_email_changed", **{"from": None, "to": row.email})

    def _primary_email(self) -> str:
        return next((row.email for row in self.addresses if row.is_primary), "")

    def _settle_username(self, known: Known, rules: Rules) -> Iterator[Finding]:
        what = self._fault_of_username(known)
        if what and rules.rename and not rules.ahead and (name := self._free_name(known, rules)):
            yield self._finding(what, "gets another one", new=name)
            self._rename(name, known)
        elif what and rules.rename and rules.ahead:
            yield self._finding(what, "gets another one later")
        elif what:
            is_left = not ("email" in login_names() and self._is_confirmed())
            yield self._finding(what, "cannot be used to log in", is_left=is_left)
        elif self.key and not _clean(self.user.username or ""):
            yield self._finding("unusual username", "stays")

    def _settle_key(self, known: Known) -> None:
        if self.key and self._owns(self.key, known):
            self.user.username_key = self.key
            known.username_owners[self.key] = str(self.user.pk)

    def _fault_of_username(self, known: Known) -> str:
        if self.key is None:
            return ""
        if not self.key:
            return "username too long"
        if not self._owns(self.key, known):
            return "username of another"
        return "username with @" if self._has_idle_at() else ""

    def _owns(self, key: str, known: Known) -> bool:
        return known.username_owners.get(key, str(self.user.pk)) == str(self.user.pk)

    def _is_confirmed(self) -> bool:
        return any(row.is_confirmed for row in self.addresses)

    def _has_idle_at(self) -> bool:
        """Say whether the username has an @, and is no proved address: so nobody finds it."""
        username = self.user.username or ""
        if "@" not in username or "username" not in login_names():
            return False
        key = email_key(username)
        return not any(row.is_confirmed and row.email_key == key for row in self.addresses)

    def _free_name(self, known: Known, rules: Rules) -> str:
        for name in self.names_to_give()[-rules.names :]:
            if alike(name) not in known.usernames and self._owns(username_key(name), known):
                return name
        return ""

    def _rename(self, name: str, known: Known) -> None:
        self._record_later("username_changed", **{"from": self.user.username, "to": name})
        self.user.username = name
        del self.key
        known.usernames.add(alike(name))

    def _finding(self, what: str, becomes: str, *, new: str = "", is_left: bool = False) -> Finding:
        username, email = self.before["username"] or "", self.before["email"]
        return Finding(self.user.pk, username, email, what, becomes, new, is_left)

    def _record_later(self, kind: str, **details: object) -> None:
        self.events.append(AccountEvent(kind=kind, user_id=self.user.pk, details=details))


def alike(username: str) -> str:
    """Return what is the same of usernames that MariaDB takes for one: no case and no accents."""
    signs = unicodedata.normalize("NFKD", username.casefold())
    return "".join(sign for sign in signs if not unicodedata.combining(sign)).rstrip()


def _clean(text: str) -> str:
    """Return a text as it would be stored for somebody who chooses it as username, or ""."""
    try:
        return clean_username(text).text
    except InvalidUsername:
        return ""
