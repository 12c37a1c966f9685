"""
Find what disagrees about the names of users, and mend it.

``UserEmail`` is the truth about addresses, its keys follow from its texts, and ``user.email`` is a
copy. Fixtures, the shell, other packages and new tables of Unicode know nothing of that.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from ..batches import batches
from ..canonical import Name, clean_email, email_key, username_key
from ..errors import InvalidEmail
from ..models import AbstractUser, AccountEvent, UserEmail
from ..transactions import repeat_undone

#: Users that are looked at together, with two statements, and at most two more if some drift.
BATCH = 500


@dataclass(frozen=True)
class Drift:
    """One thing that disagrees, and why it has to stay so, if it has to."""

    user: AbstractUser
    what: str
    obstacle: str = ""


def find_drift(*, trust: bool = False) -> Iterator[Drift]:
    """Yield what disagrees; ``trust`` as for :func:`mend_drift`."""
    for account in _accounts():
        yield from account.settle(trust=trust)


def mend_drift(*, trust: bool = False) -> Iterator[Drift]:
    """
    Mend what disagrees, each user in a transaction with an event, and yield it.

    ``trust`` takes the ``user.email`` of users without any address as proved. What has an obstacle
    stays as it is.
    """
    for account in _accounts():
        if account.settle(trust=trust):
            yield from _mend(account.user.pk, trust=trust)


def _accounts() -> Iterator["_Account"]:
    """Yield all users with their addresses, by batches in the order of their keys."""
    for users in batches(_users(), batch=BATCH):
        yield from _with_addresses(users)


def _users() -> QuerySet[AbstractUser]:
    # The default manager of a project may hide some.
    users: QuerySet[AbstractUser] = get_user_model()._base_manager.all()
    return users


def _with_addresses(users: Sequence[AbstractUser], *, lock: bool = False) -> list["_Account"]:
    rows: dict[object, list[UserEmail]] = {user.pk: [] for user in users}
    addresses = UserEmail.objects.filter(user__in=list(rows)).order_by("pk")
    for address in addresses.select_for_update() if lock else addresses:
        rows[address.user_id].append(address)
    accounts = [_Account(user, rows[user.pk]) for user in users]
    emails = {key for account in accounts for key in account.wanted_email_keys()}
    names = {key for account in accounts for key in account.wanted_username_keys()}
    email_owners = _owners(UserEmail.objects.all(), "verified_key", "user_id", emails)
    username_owners = _owners(_users(), "username_key", "pk", names)
    for account in accounts:
        account.email_owners, account.username_owners = email_owners, username_owners
    return accounts


def _owners(
    rows: "QuerySet[UserEmail] | QuerySet[AbstractUser]", key: str, owner: str, keys: set[str]
) -> dict[str, object]:
    return dict(rows.filter(**{f"{key}__in": keys}).values_list(key, owner)) if keys else {}


def _mend(pk: object, *, trust: bool) -> list[Drift]:
    return repeat_undone(lambda: _mend_once(pk, trust=trust), restore=lambda: None)


def _mend_once(pk: object, *, trust: bool) -> list[Drift]:
    drifts: list[Drift] = []
    try:
        with transaction.atomic():
            # Looked at again, and locked: somebody may confirm an address meanwhile.
            locked = list(_users().select_for_update().filter(pk=pk))
            for account in _with_addresses(locked, lock=True):
                drifts = account.settle(trust=trust)
                account.save()
                mended = [drift.what for drift in drifts if not drift.obstacle]
                if mended:
                    AccountEvent.objects.record(
                        "emails_mended", user=account.user, details={"mended": mended}
                    )
    except IntegrityError:
        obstacle = "another account holds what it needs"
        return [replace(drift, obstacle=drift.obstacle or obstacle) for drift in drifts]
    return drifts


class _Account:
    """A user and the addresses: brought in order in memory, and written by ``save``."""

    def __init__(self, user: AbstractUser, addresses: list[UserEmail]) -> None:
        self.user, self.addresses = user, addresses
        self.email_owners: dict[str, object] = {}
        self.username_owners: dict[str, object] = {}
        self.changed: set[str] = set()
        self.changed_addresses: list[UserEmail] = []
        # A user model without usernames has None in both places.
        self.right_username_key = username_key(user.username) if user.username else None

    def wanted_email_keys(self) -> set[str]:
        """Return the keys that proved addresses should have and do not."""
        if not self.addresses:
            return {email_key(self.user.email)} - {""}
        pairs = ((email_key(row.email), row.verified_key) for row in self._proved())
        return {right for right, key in pairs if right and right != key}

    def wanted_username_keys(self) -> set[str]:
        """Return the key that the username should have and does not."""
        key = self.right_username_key
        return {key} if key and key != self.user.username_key else set()

    def settle(self, *, trust: bool) -> list[Drift]:
        """Bring everything in order that can be; return what was not."""
        return [
            *self._settle_keys(),
            *self._settle_primary(),
            *self._settle_copy(trust=trust),
            *self._settle_username(),
        ]

    def save(self) -> None:
        """Write what has changed."""
        for address in self.changed_addresses:
            address.save()
        if self.changed:
            self.user.save(update_fields=self.changed)
        self.user.forget_loaded()

    def _settle_keys(self) -> Iterator[Drift]:
        for address in self.addresses:
            try:
                name = clean_email(address.email)
            except InvalidEmail:
                yield Drift(self.user, f"“{address.email}” is no address", "correct it by hand")
                continue
            key = None if address.verified_key is None else name.key
            right = (name.text, name.key, key)
            if right == (address.email, address.email_key, address.verified_key):
                continue
            what = (
                f"“{address.email}” has the key “{address.email_key}” instead of “{name.key}”"
                if address.email_key != name.key
                else f"“{address.email}” has to be written “{name.text}”"
            )
            obstacle = self._key_obstacle(address, name)
            yield Drift(self.user, what, obstacle)
            if not obstacle:
                address.email, address.email_key, address.verified_key = right
                self._note(address)

    def _key_obstacle(self, address: UserEmail, name: Name) -> str:
        others = (other for other in self.addresses if other is not address)
        if any(other.email_key == name.key for other in others):
            return "the user has this address twice"
        return self._owner_of(name) if address.verified_key is not None else ""

    def _settle_primary(self) -> Iterator[Drift]:
        proved = self._proved()
        if proved and not any(address.is_primary for address in proved):
            oldest = min(proved, key=lambda row: (row.confirmed_at or row.created_at, row.pk))
            oldest.is_primary = True
            self._note(oldest)
            what = f"no address is primary, and “{oldest.email}” is the oldest that is proved"
            yield Drift(self.user, what)

    def _settle_copy(self, *, trust: bool) -> Iterator[Drift]:
        primaries = (address.email for address in self._proved() if address.is_primary)
        primary = next(primaries, "")
        if self.user.email == primary:
            return
        if not self.addresses:
            yield self._settle_foreign(trust=trust)
            return
        truth = f"the primary address is “{primary}”" if primary else "no address is proved"
        yield Drift(self.user, f"user.email is “{self.user.email}”, and {truth}")
        self._copy(primary)

    def _settle_foreign(self, *, trust: bool) -> Drift:
        """Look at an address that something else has written; make it one of ours if trusted."""
        what = f"user.email is “{self.user.email}”, which is no address of the user"
        try:
            name = clean_email(self.user.email)
        except InvalidEmail:
            return Drift(self.user, what, "it cannot be one")
        obstacle = self._owner_of(name) or ("" if trust else "nobody has proved it")
        if not obstacle:
            now = timezone.now()
            address = UserEmail(user=self.user, email=name.text, email_key=name.key)
            address.verified_key, address.is_primary, address.confirmed_at = name.key, True, now
            self._note(address)
            self._copy(name.text)
        return Drift(self.user, what, obstacle)

    def _settle_username(self) -> Iterator[Drift]:
        key = self.right_username_key
        if key == self.user.username_key:
            return
        what = f"the username has the key “{self.user.username_key}” instead of “{key}”"
        owner = self.username_owners.get(key or "")
        if key == "":
            yield Drift(self.user, what, "correct it by hand")
        elif owner not in (None, self.user.pk):
            yield Drift(self.user, what, f"the user #{owner} has this username")
        else:
            yield Drift(self.user, what)
            self.changed.add("username")

    def _proved(self) -> list[UserEmail]:
        return [address for address in self.addresses if address.verified_key is not None]

    def _owner_of(self, name: Name) -> str:
        owner = self.email_owners.get(name.key)
        return "" if owner in (None, self.user.pk) else f"the user #{owner} has proved it"

    def _copy(self, email: str) -> None:
        self.user.email = email
        self.changed.add("email")

    def _note(self, address: UserEmail) -> None:
        if address not in self.changed_addresses:
            self.changed_addresses.append(address)
