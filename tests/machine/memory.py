"""
What an observer remembers who has seen everything: whose account is whose, who knows which
password, which sessions and links have ended. After each step the tables are held against it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from django.contrib.auth.hashers import check_password

from django_useraccounts.identity import has_emails
from django_useraccounts.policy import policy
from tests.machine.cast import MAILBOXES, MALLORY, PASSWORDS, READER
from tests.machine.facts import Facts, last_event, last_mail
from tests.machine.laws import (
    BUT_UNDO,
    BY_STRANGERS,
    ENDS_SESSIONS,
    LASTS,
    MANY,
    NOT_BY_PEOPLE,
    OF_THE_EPOCH,
    PROVES,
    TAKE_BACK,
    TAKES,
    TOLD_BY,
    VOIDS,
    WORKS,
)
from tests.machine.logins import Logins
from tests.machine.news import Event, Mail, judge_mails
from tests.machine.world import Letter, clock, demand, post_office, row_of_link, rows


@dataclass
class Link:
    """A link that somebody has by mail, and what the observer knows of it."""

    letter: Letter
    user: int
    key: str
    #: Why it must work no more, "" as long as it may.
    ended: str = ""

    @property
    def purpose(self) -> str:
        return self.letter.purpose

    @property
    def must_fail(self) -> str:
        late = clock.now - self.letter.at > LASTS.get(self.purpose, timedelta(days=3650))
        return self.ended or ("time" if late else "")


@dataclass
class Step:
    """What one step is about, as its rule tells."""

    name: str
    #: Which of several things the rule turned out to be.
    way: str = ""
    person: str = ""
    #: The password that was typed, if that may become somebody's.
    password: str | None = None
    #: The link that was used, and the page at which.
    link: Link | None = None
    page: str = ""
    #: Did an administrator vouch for an address?
    is_vouched: bool = False


@dataclass
class Memory:
    """What was seen since the run began."""

    registrant: dict[int, str] = field(default_factory=dict)
    owner: dict[int, str] = field(default_factory=dict)
    password: dict[int, str | None] = field(default_factory=dict)
    #: Accounts that Mallory has been in by a session she has stolen, and may still be.
    tainted: set[int] = field(default_factory=set)
    #: Keys of sessions that have ended, and who has held which.
    ended: dict[str, None] = field(default_factory=dict)
    holders: dict[str, set[str]] = field(default_factory=dict)
    logins: Logins = field(default_factory=Logins)
    links: list[Link] = field(default_factory=list)
    had_proved: set[tuple[str, int]] = field(default_factory=set)
    facts: Facts = field(default_factory=Facts.look)
    events_seen: int = field(default_factory=last_event)
    mails_seen: int = field(default_factory=last_mail)
    letters_seen: int = 0

    # Questions

    def allowed(self, person: str, user: int) -> bool:
        """May somebody be in an account, and change it?"""
        whose = self.owner.get(user) or self.registrant.get(user)
        return whose == person or (person == MALLORY and user in self.tainted)

    def accounts_of(self, person: str) -> list[int]:
        """Return the accounts that are there and belong to somebody."""
        return [
            user
            for user in self.facts.users
            if (self.owner.get(user) or self.registrant.get(user)) == person
        ]

    def links_to(self, person: str) -> list[Link]:
        """Return what somebody has in the mailboxes, the newest last."""
        return [link for link in self.links if READER.get(link.letter.to) == person]

    def meet(self, user: int, person: str) -> None:
        """Know a member who was there before the run began, with the first of all that is hers."""
        self.registrant[user] = self.owner[user] = person
        self.password[user] = PASSWORDS[person][0]
        self.had_proved |= {(key, whose) for key, whose in self.facts.proved.items()}

    # After each step

    def check(self, step: Step) -> set[str]:
        """Take in what has happened, and return the kinds of the events; Broken if it must not."""
        before, now = self.facts, Facts.look()
        self.facts = now
        events = list(self._new_events())
        told: dict[int, list[str]] = {}
        for event in events:
            told.setdefault(event.user, []).append(event.kind)
        self._meet_new_users(step, before, now, told)
        self._judge_link(step, told)
        self._judge_changes(step, before, now, told)
        self._judge_proofs(step, before, now, told)
        self._judge_actors(step, told)
        mails = list(self._new_mails())
        if has_emails():
            judge_mails(before, now, events, mails)
        else:
            demand(not mails, f"{mails} are mails of a site that sends none")
        self._remember(step, before, now, told)
        self._judge_sessions(before, now)
        self.logins.judge(before, now)
        self._judge_roles(step, before, now, told)
        self._meet_letters()
        self._forget_taint()
        return {kind for kinds in told.values() for kind in kinds}

    def _new_events(self) -> Iterator[Event]:
        sql = "SELECT id, kind, user_id, actor_id FROM useraccounts_accountevent WHERE id > ?"
        for row in rows(sql, self.events_seen):
            self.events_seen = max(self.events_seen, row[0])
            yield Event(*row)

    def _new_mails(self) -> Iterator[Mail]:
        sql = 'SELECT id, user_id, kind, "to" FROM useraccounts_outgoingmail WHERE id > ?'
        for key, *mail in rows(sql, self.mails_seen):
            self.mails_seen = max(self.mails_seen, key)
            yield Mail(*mail)

    def _meet_new_users(
        self, step: Step, before: Facts, now: Facts, told: dict[int, list[str]]
    ) -> None:
        for user in now.users.keys() - before.users.keys():
            demand(
                bool({"registered", "user_added"} & set(told.get(user, ()))),
                f"the account #{user} is there, and nothing tells since when",
            )
            demand(
                self._may_come(told[user]), f"nobody has let #{user} in, and registration is closed"
            )
            self.registrant[user], self.password[user] = step.person, step.password
            if not has_emails():
                # Nothing more is to be proved.
                self.owner[user] = step.person
        for user in before.users.keys() - now.users.keys():
            is_erased = "account_erased" in told.get(user, ())
            is_pruned = "account_pruned" in told.get(user, ())
            is_pruned = is_pruned and not self._has_proved(before, user)
            demand(is_erased or is_pruned, f"the account #{user} has vanished")

    @staticmethod
    def _may_come(kinds: list[str]) -> bool:
        """Does the site let anybody register, or has somebody let this one in?"""
        is_open = policy().may_register(request=None)
        return is_open or bool({"user_added", "invitation_accepted"} & set(kinds))

    @staticmethod
    def _has_proved(facts: Facts, user: int) -> bool:
        return user in facts.proved.values()

    def _judge_link(self, step: Step, told: dict[int, list[str]]) -> None:
        """A link works once, for its purpose and its user, not after what voids it, nor too late."""
        link = step.link
        if link is None or link.purpose not in WORKS:
            return
        worked = set(told.get(link.user, ())) & WORKS[link.purpose]
        if step.page != link.purpose:
            forbidden = WORKS.get(step.page, set())
            done = {kind for kinds in told.values() for kind in kinds} & forbidden
            demand(not done, f"a link for {link.purpose} was good for {step.page}: {done}")
        elif worked:
            demand(not link.must_fail, f"a link for {link.purpose} worked after {link.must_fail}")
            link.ended = "its use"

    def _judge_changes(
        self, step: Step, before: Facts, now: Facts, told: dict[int, list[str]]
    ) -> None:
        """Each change of an account is told by one event of its kind."""
        for user in now.users.keys() & before.users.keys():
            kinds = told.get(user, [])
            for column, tellers in TOLD_BY.items():
                was, is_now = before.users[user][column], now.users[user][column]
                demand(
                    was == is_now or bool(tellers & set(kinds)),
                    f"{column} of #{user} has changed, and the events tell {kinds}",
                )
            for kind in set(kinds) - MANY:
                demand(
                    kinds.count(kind) == 1 or step.person == "",
                    f"{kind} of #{user} is told {kinds.count(kind)} times",
                )
        for key in now.connections.keys() - before.connections.keys():
            user, subject = now.connections[key]
            kinds = told.get(user, [])
            demand("provider_connected" in kinds, f"#{user} got a connection, and {kinds}")
            whose = subject.partition("-")[0]
            demand(
                self.allowed(whose, user) or {"handed_over", "registered"} & set(kinds),
                f"{subject} lets into #{user}, of {self.owner.get(user)}",
            )
        for key in before.connections.keys() - now.connections.keys():
            user, _subject = before.connections[key]
            kinds = told.get(user, [])
            demand(
                bool({"provider_disconnected", "account_erased"} & set(kinds))
                or user not in now.users,
                f"#{user} has lost a connection, and {kinds}",
            )

    def _judge_proofs(
        self, step: Step, before: Facts, now: Facts, told: dict[int, list[str]]
    ) -> None:
        """An address is proved by its reader, or vouched for, or put back where it had been."""
        for key, user in now.proved.items():
            if before.proved.get(key) == user:
                continue
            kinds = set(told.get(user, ()))
            is_back = bool(TAKE_BACK & kinds) and (key, user) in self.had_proved
            demand(
                READER[key] == step.person or step.is_vouched or is_back,
                f"{key} of #{user} was proved in a step of {step.person or 'nobody'}",
            )
            demand(bool(PROVES & kinds), f"{key} of #{user} is proved, and {kinds} is told")
            if not is_back and user not in self.owner and not self.tainted & {user}:
                whose = READER[key]
                demand(
                    self.registrant.get(user) == whose or "handed_over" in kinds,
                    f"{whose} has proved {key} for #{user} of {self.registrant.get(user)}",
                )
                self.owner[user] = whose
            self.had_proved.add((key, user))
        for key, user in before.proved.items():
            if now.proved.get(key) != user and user in now.users:
                is_gone = before.users[user]["erase_at"] is not None
                kinds = set(told.get(user, ()))
                demand(is_gone or bool(TAKES & kinds), f"#{user} has lost {key}, and {kinds}")

    def _judge_actors(self, step: Step, told: dict[int, list[str]]) -> None:
        """People change their own accounts alone; strangers may ask, and take back a claim."""
        if not step.person or step.is_vouched:
            return
        for user, kinds in told.items():
            if user is None or "registered" in kinds:
                continue
            # A claim of an address is for its reader to take off, or to try the own password at.
            is_linked = step.link and step.link.user == user
            by_link = {"email_disowned", "identity_refused"} if is_linked else set()
            foreign = set(kinds) - by_link - BY_STRANGERS
            if "invited" in foreign or "invitation_accepted" in foreign:
                foreign -= {"role_granted"}
            demand(
                not foreign or self.allowed(step.person, user) or "handed_over" in foreign,
                f"{step.person} has done {sorted(foreign)} to #{user}",
            )
            demand(not foreign & NOT_BY_PEOPLE, f"{step.person} has done {foreign & NOT_BY_PEOPLE}")

    def _remember(self, step: Step, before: Facts, now: Facts, told: dict[int, list[str]]) -> None:
        for user, kinds in told.items():
            if "handed_over" in kinds:
                self.owner[user], self.password[user] = step.person, None
            if {"password_changed", "password_set", "password_reset"} & set(kinds):
                self.password[user] = step.password
            if TAKE_BACK & set(kinds):
                self.password[user] = None
            self._end(user, set(kinds), before)
        for row in before.emails.keys() - now.emails.keys():
            user, key, _is_proved = before.emails[row]
            for link in self.links:
                if (link.user, link.key) == (user, key) and link.purpose in BUT_UNDO:
                    link.ended = link.ended or f"the end of {key}"

    def _end(self, user: int, kinds: set[str], before: Facts) -> None:
        """Note which sessions and links of an account must work no more."""
        ends = kinds & ENDS_SESSIONS
        # What a lock-out disconnects is part of that act.
        if "provider_disconnected" in kinds and "password_reset" not in kinds:
            ends.add("provider_disconnected")
        if ends:
            self.ended |= {key: None for key, whose in before.sessions.items() if whose == user}
        for kind in ends:
            for link in self.links:
                if link.user == user and link.purpose in VOIDS.get(kind, OF_THE_EPOCH):
                    link.ended = link.ended or kind

    def _judge_sessions(self, before: Facts, now: Facts) -> None:
        """No session that has ended works, and nobody is in the account of somebody else."""
        # By time, too: what does not go on now never does.
        self.ended |= dict.fromkeys(before.sessions.keys() - now.sessions.keys())
        living = now.sessions.keys() & self.ended.keys()
        demand(not living, f"a session of #{[now.sessions[k] for k in living]} works again")
        for key, user in now.sessions.items():
            for person in self.holders.get(key, ()):
                demand(self.allowed(person, user), f"{person} is in the account #{user}")

    def _judge_roles(
        self, step: Step, before: Facts, now: Facts, told: dict[int, list[str]]
    ) -> None:
        """Rights come and go by who may give them; of Mallory's, only what was paid for."""
        for grant in now.grants - before.grants:
            kinds = told.get(grant[1], [])
            demand(
                bool({"role_granted", "role_extended", "role_revoked"} & set(kinds))
                or grant[4] is not None,
                f"#{grant[1]} has {grant[2]}, and {kinds} is told",
            )
        for user, name in now.roles:
            whose = self.owner.get(user) or self.registrant.get(user)
            demand(whose != MALLORY or name == "member", f"mallory has the role {name}")

    def _meet_letters(self) -> None:
        new = post_office.letters[self.letters_seen :]
        self.letters_seen = len(post_office.letters)
        for letter in new:
            if not letter.path:
                continue
            user, key, _pending = row_of_link(letter)
            for link in self.links:
                is_same = (link.user, link.key, link.purpose) == (user, key, letter.purpose)
                if (
                    is_same
                    and link.letter.secret != letter.secret
                    and letter.purpose in ("confirm_email", "reset_password", "connect_by_link")
                ):
                    link.ended = link.ended or "a newer one"
            # What was mailed once more is the same link, and ends with it.
            if all(link.letter.secret != letter.secret for link in self.links):
                self.links.append(Link(letter, user, key))

    def _forget_taint(self) -> None:
        """An account is its owner's alone again when Mallory has nothing left of it."""
        for user in list(self.tainted):
            keys = MAILBOXES[MALLORY]
            marks = ", ".join("?" * len(keys))
            waiting = rows(
                f"SELECT 1 FROM useraccounts_onetimesecret WHERE user_id = ? AND redeemed_at IS NULL"
                f" AND email_key IN ({marks}) AND expires_at > ?",
                user,
                *keys,
                clock.now.replace(tzinfo=None).isoformat(" "),
            )
            has = (
                waiting
                or any(row[0] == user and READER.get(row[1]) == MALLORY for row in self._emails())
                or any(
                    whose == user and subject.startswith(MALLORY)
                    for whose, subject in self.facts.connections.values()
                )
                or any(
                    whose == user and MALLORY in self.holders.get(key, ())
                    for key, whose in self.facts.sessions.items()
                )
                or self.password.get(user) in PASSWORDS[MALLORY]
            )
            if not has:
                self.tainted.discard(user)

    def _emails(self) -> Iterator[tuple[int, str]]:
        return ((user, key) for user, key, _is_proved in self.facts.emails.values())

    def check_passwords(self) -> None:
        """Hold the passwords against the hashes; slow, so at the end of a run."""
        for user, row in self.facts.users.items():
            known = self.password.get(user)
            if known is None:
                demand(row["password"].startswith("!"), f"#{user} has a password")
            else:
                demand(check_password(known, row["password"]), f"#{user} has another password")
