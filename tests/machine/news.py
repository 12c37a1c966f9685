"""Who has to be told by mail of what was done to an account: as the documents say, once more."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tests.machine.facts import Facts
from tests.machine.laws import TAKE_BACK
from tests.machine.world import demand, rows

#: The mails to the primary address, by what they tell of.
TO_PRIMARY = {
    "password_changed": "password_changed",
    "password_set": "password_changed",
    "username_changed": "username_changed",
    "provider_connected": "provider_connected",
    "provider_disconnected": "provider_disconnected",
}
#: The mails to every proved address.
TO_ALL = {
    "password_reset": "password_changed",
    "account_closed": "account_closed",
    "account_reopened": "account_reopened",
    **{kind: kind for kind in TAKE_BACK},
}


class Event(NamedTuple):
    key: int
    kind: str
    user: int
    actor: int | None


class Mail(NamedTuple):
    user: int
    kind: str
    to: str


def judge_mails(before: Facts, now: Facts, events: Iterable[Event], mails: Iterable[Mail]) -> None:
    """Whatever could take an account from its owner, the owner is told of."""
    missing = set(_to_tell(before, now, list(events))).difference(mails)
    if not missing:
        return
    # What goes to an address that takes no mail is one to another address, or none.
    unreachable = {
        key for (key,) in rows("SELECT email_key FROM useraccounts_undeliverableaddress")
    }
    for mail in missing:
        demand(mail.to in unreachable, f"{mail.to} of #{mail.user} was not told: {mail.kind}")


def _to_tell(before: Facts, now: Facts, events: list[Event]) -> Iterator[Mail]:
    for event in events:
        user, kind = event.user, event.kind
        if user not in now.users:
            continue
        was, is_now = set(before.proved_of(user)), set(now.proved_of(user))
        primary = now.users[user]["email"]
        # What a lock-out takes off and disconnects is part of that act, and has no actor.
        is_own_act = event.actor is not None
        if kind in TO_ALL:
            yield from (Mail(user, TO_ALL[kind], to) for to in is_now)
        elif kind in TO_PRIMARY and is_own_act and primary:
            yield Mail(user, TO_PRIMARY[kind], primary)
        elif kind == "primary_email_changed":
            yield from (Mail(user, kind, to) for to in was - {primary})
        elif kind == "email_removed" and is_own_act and was - is_now:
            yield from (Mail(user, kind, to) for to in was)
        elif kind in ("email_added", "email_confirmed") and is_now - was:
            # Where it takes the place of another one, that is what they are told.
            is_instead = any(e.kind == "primary_email_changed" and e.user == user for e in events)
            yield from (Mail(user, "email_added", to) for to in was if not is_instead)
