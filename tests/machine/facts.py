"""What the tables say at one moment, read past the ORM, which would take most of the time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.db import SessionStore

from django_useraccounts.sessions.conf import conf
from django_useraccounts.sessions.keeping import SESSION_KEY
from tests.machine.world import clock, rows


@dataclass(frozen=True)
class Login:
    """The row of a session: one browser in which somebody is logged in, or was."""

    user: int
    started: datetime
    seen: datetime
    epoch: int
    is_ended: bool

    def is_over(self, now: datetime) -> bool:
        return (
            self.is_ended
            or self.seen <= now - conf.IDLE_MAX_AGE
            or (self.started <= now - conf.MAX_AGE)
        )


@dataclass
class Facts:
    """What the tables say at one moment."""

    users: dict[int, dict[str, Any]]
    #: Address id: user, key, is it proved.
    emails: dict[int, tuple[int, str, bool]]
    #: Connection id: user, subject.
    connections: dict[int, tuple[int, str]]
    #: User and role, of the grants in force.
    roles: set[tuple[int, str]]
    grants: set[tuple[Any, ...]]
    #: The rows of sessions, by their keys.
    logins: dict[str, Login]
    #: Session key: user.
    sessions: dict[str, int]
    #: Session key: key of its row.
    row_of: dict[str, str]

    def listed(self) -> Iterator[tuple[str, int]]:
        """
        Yield the rows of the sessions that go on, with their users.

        A session that goes on when others are ended takes up the new epoch when it is used next.
        """
        for key, row in self.row_of.items():
            user = self.sessions.get(key)
            if row and user and self.logins[row].epoch == self.users[user]["session_epoch"]:
                yield row, user

    def proved_of(self, user: int) -> Iterator[str]:
        return (
            key for whose, key, is_proved in self.emails.values() if is_proved and whose == user
        )

    @property
    def proved(self) -> dict[str, int]:
        return {key: user for user, key, is_proved in self.emails.values() if is_proved}

    @classmethod
    def look(cls) -> "Facts":
        now = clock.now.replace(tzinfo=None)
        columns = ("username", "password", "is_active", "erase_at", "session_epoch", "email")
        select = ", ".join(columns)
        users = {
            row[0]: dict(zip(columns, row[1:], strict=True))
            for row in rows(f"SELECT id, {select} FROM useraccounts_user")
        }
        grants = rows(
            "SELECT g.id, g.user_id, r.name, g.starts_at, g.counts_until FROM "
            "useraccounts_rolegrant g JOIN useraccounts_role r ON r.id = g.role_id"
        )
        logins = {
            row[0]: Login(*row[1:5], is_ended=row[5] is not None)
            for row in rows(
                "SELECT id, user_id, started_at, seen_at, epoch, ended_at "
                "FROM useraccounts_sessions_loginsession"
            )
        }
        living = list(_sessions(users, logins, now))
        return cls(
            users=users,
            emails={
                row[0]: (row[1], row[2], row[3] is not None)
                for row in rows(
                    "SELECT id, user_id, email_key, verified_key FROM useraccounts_useremail"
                )
            },
            connections={
                row[0]: (row[1], row[2])
                for row in rows("SELECT id, user_id, subject FROM useraccounts_social_connection")
            },
            roles={
                (user, name)
                for _key, user, name, starts, until in grants
                if starts <= now and (until is None or until > now)
            },
            grants=set(grants),
            logins=logins,
            sessions={key: user for key, user, _row in living},
            row_of={key: row for key, _user, row in living},
        )


_decoded: dict[str, dict[str, Any]] = {}


def _sessions(
    users: dict[int, dict[str, Any]], logins: dict[str, Login], now: datetime
) -> Iterator[tuple[str, int, str]]:
    """Yield the sessions that would be somebody's at the next request, with user and row."""
    found = rows("SELECT session_key, session_data, expire_date FROM django_session")
    hashes: dict[int, str] = {}
    for key, data, expires in found:
        if data not in _decoded:
            _decoded[data] = SessionStore().decode(data)
        kept = _decoded[data]
        user_id = int(kept.get("_auth_user_id", 0))
        row = users.get(user_id)
        if row is None or expires <= now or not row["is_active"] or row["erase_at"]:
            continue
        if user_id not in hashes:
            user = get_user_model()(password=row["password"], session_epoch=row["session_epoch"])
            hashes[user_id] = user.get_session_auth_hash()
        if kept["_auth_user_hash"] == hashes[user_id]:
            row_key = kept.get(SESSION_KEY, "")
            login = logins.get(row_key)
            # Without a row it gets one when it is used.
            if not row_key or (login and login.user == user_id and not login.is_over(now)):
                yield key, user_id, row_key


def last_event() -> int:
    """Return the key of the newest event, 0 for none."""
    return int(rows("SELECT max(id) FROM useraccounts_accountevent")[0][0] or 0)


def last_mail() -> int:
    """Return the key of the newest mail, 0 for none."""
    return int(rows("SELECT max(id) FROM useraccounts_outgoingmail")[0][0] or 0)
