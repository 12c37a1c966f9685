"""What the rules stand on: one run of the world, whose people act one step after the other."""

import functools
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cached_property
from typing import Any, TypeVar

from django.contrib.auth import get_user_model
from django.urls import resolve
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from django_useraccounts.conf import conf
from django_useraccounts.identity import login_names
from django_useraccounts.models import AbstractUser
from tests import invariants
from tests.machine import settings as sites
from tests.machine import world
from tests.machine.cast import MAILBOXES, MALLORY, NAMES, PASSWORDS, PEOPLE, READER
from tests.machine.facts import Facts
from tests.machine.laws import ASK_WHO_IS_THERE
from tests.machine.memory import Link, Memory, Step
from tests.machine.world import Broken, Browser, clock, query_of, url

#: How often each rule was tried, and how often it did something.
TRIED: Counter[str] = Counter()
DONE: Counter[str] = Counter()

Key = TypeVar("Key", int, str)

who = st.sampled_from(PEOPLE)
#: One of the two browsers of a person.
at = st.integers(0, 1)
#: One of several things that there are: by its number, short of how many there are.
which = st.integers(0, 15)
yes_or_no = st.booleans()


def act(
    *, needs: str = "", **given: st.SearchStrategy[Any]
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """
    Make a method a rule of the machine: a step, after which everything is looked at.

    ``needs`` names a property of the facts, without which there is nothing to do.
    """

    def make(method: Callable[..., Any]) -> Callable[..., Any]:
        @precondition(lambda self: not needs or bool(getattr(self, needs)))
        @rule(**given)
        @functools.wraps(method)
        def run(self: "World", **drawn: Any) -> None:
            self.begin_step(method.__name__)
            self.end_step(is_done=bool(method(self, **drawn)))
            self.is_whole = True

        return run

    return make


class World(RuleBasedStateMachine):
    """One run: it begins with an administrator, roles and a plan, on a site of some kind."""

    def __init__(self) -> None:
        super().__init__()
        world.become({**_DEFAULTS, **sites.SITES["plain"]})
        world.begin_anew("empty")
        world.Press.is_printing = False
        self.browsers = {
            person: [Browser(person, f"192.0.2.{10 * number + n}") for n in (1, 2)]
            for number, person in enumerate(PEOPLE)
        }
        self.memory = Memory()
        self.step = Step("")
        #: Sessions that Mallory has stolen are in a browser of their own.
        self.stolen = Browser(MALLORY, "192.0.2.66")
        self.is_pruned = False
        #: Has the last step left all as it has to be? If not, that is what there is to tell.
        self.is_whole = False

    @initialize(
        site=st.sampled_from(sorted(sites.SITES)),
        people=st.sampled_from(("members", "members", "empty")),
        lot=st.integers(0, 16),
    )
    def begin(self, site: str, people: str, lot: int) -> None:
        """
        Choose the site, and whether all three are members already.

        One of sixteen sites prints all its pages and mails.
        """
        # With the simplest of all choices Hypothesis begins, and fills up others: sixty times the
        # same step, in each sixth run, which shows nothing.
        assume(lot)
        self.settle(site, people)
        world.Press.is_printing = lot == 1

    def settle(self, site: str, people: str) -> None:
        """Let it be the first day on a site of this kind."""
        self.is_whole = True
        world.become({**_DEFAULTS, **sites.SITES[site]})
        world.begin_anew(people)
        self.memory = Memory()
        for user, row in self.memory.facts.users.items():
            if row["username"] in PEOPLE:
                self.memory.meet(user, row["username"])

    def begin_step(self, name: str) -> None:
        clock.go_on(timedelta(seconds=1))
        self.step, self.is_whole = Step(name), False

    def end_step(self, *, is_done: bool) -> None:
        way = f": {self.step.way}" if self.step.way else ""
        TRIED[self.step.name + way] += 1
        for browser in self.all_browsers():
            self.memory.holders.setdefault(browser.session_key, set()).add(browser.person)
        self.memory.check(self.step)
        if is_done:
            # What did nothing, has changed nothing: that is what the memory has seen to.
            self._check_invariants()
        DONE[self.step.name + way] += is_done

    def teardown(self) -> None:
        """Look at what is slower to look at, once in each run."""
        if not self.is_whole:
            return
        self.memory.check_passwords()
        self._check_invariants()
        self._look_for_secrets()

    def _check_invariants(self) -> None:
        if words := invariants.broken(is_pruned=self.is_pruned):
            raise Broken("; ".join(words))

    def _look_for_secrets(self) -> None:
        """No secret of a link, and no password, lies in the database."""
        text = world.everything()
        secrets = [link.letter.secret[22:] for link in self.memory.links]
        secrets += [password for own in PASSWORDS.values() for password in own]
        for secret in secrets:
            if secret in text:
                raise Broken(f"“{secret}” is in the database")

    # What there is, for rules that need it

    @property
    def somebody(self) -> bool:
        return any(self.memory.accounts_of(person) for person in PEOPLE)

    @property
    def somebody_off(self) -> list[int]:
        return [pk for pk, row in self.memory.facts.users.items() if not row["is_active"]]

    @property
    def letters(self) -> list[Link]:
        return self.memory.links

    @property
    def ended_sessions(self) -> dict[str, None]:
        return self.memory.ended

    @property
    def connections(self) -> dict[int, tuple[int, str]]:
        return self.memory.facts.connections

    @property
    def grants(self) -> set[tuple[Any, ...]]:
        return self.memory.facts.grants

    @property
    def grants_with_end(self) -> list[tuple[Any, ...]]:
        return [grant for grant in self.memory.facts.grants if grant[4]]

    @property
    def memberships(self) -> list[tuple[Any, ...]]:
        return [grant for grant in self.memory.facts.grants if grant[2] == "member"]

    @property
    def spare_addresses(self) -> bool:
        owners = [user for user, _key, _is_proved in self.memory.facts.emails.values()]
        return len(owners) > len(set(owners))

    @property
    def terms(self) -> str:
        return conf.TERMS_VERSION

    @property
    def without_password(self) -> list[int]:
        return [pk for pk in self.memory.facts.users if self.memory.password.get(pk, "") is None]

    # Whether something was done that these rules go on with
    is_inviting = is_bouncing = is_mail_late = is_late = False
    #: Does the role of a host carry the permission to invite?
    hosts_may_invite = True
    #: Guessing takes a dozen steps at once, and a new version half of that: one time in each run.
    may_guess = may_deploy = True
    #: How often rights change yet in this run: the page takes as long as four others.
    changes_of_rights = 3
    #: How often a page was to ask who is there.
    times_asked = 0

    # What people do

    def all_browsers(self) -> list[Browser]:
        return [browser for own in self.browsers.values() for browser in own] + [self.stolen]

    def browser(self, person: str, number: int) -> Browser:
        """Take one of a person's browsers; the step is that person's."""
        self.step.person = person
        return self.browsers[person][number]

    def enter(self, person: str, number: int) -> Browser:
        """Take a browser of somebody, who logs in first if there is an account to log in to."""
        browser = self.browser(person, number)
        if self.user_of(browser) is not None:
            return browser
        facts = self.memory.facts
        for user in self.memory.accounts_of(person):
            row, known = facts.users[user], self.memory.password.get(user)
            if known in PASSWORDS[person] and row["is_active"]:
                names = {"username": row["username"], "email": row["email"]}
                typed = [names[kind] for kind in login_names() if names[kind]] or ["-"]
                browser.post(url("login"), {"identifier": typed[-1], "password": known})
                now = Facts.look()
                facts.sessions.update(now.sessions)
                facts.logins.update(now.logins)
                facts.row_of.update(now.row_of)
                break
        return browser

    def user_of(self, browser: Browser) -> int | None:
        """Return whose session it is."""
        return self.memory.facts.sessions.get(browser.session_key)

    def send(
        self, browser: Browser, name: str, data: Mapping[str, Any] | None = None, *args: object
    ) -> bool:
        """Send the form of a page, proving and agreeing to what it takes; was it accepted?"""
        return self.is_accepted(self.ask(browser, url(name, *args), data))

    def ask(self, browser: Browser, path: str, data: Mapping[str, Any] | None = None) -> Any:
        if self._must_prove(browser, path):
            self.times_asked += 1
            if self.times_asked % 4 == 0:
                return self._turn_back(browser, path, data)
        response = browser.post(path, data)
        for _attempt in range(2):
            where = response.get("Location", "").partition("?")[0]
            if where == url("confirm_identity"):
                user = self.user_of(browser)
                known = self.memory.password.get(user or 0)
                if known is None or known not in PASSWORDS[browser.person]:
                    break
                browser.post(where, {"old_password": known})
            elif conf.TERMS_VERSION and where == url("accept_terms"):
                browser.post(where, {"terms": conf.TERMS_VERSION})
            else:
                break
            response = browser.post(path, data)
        self._judge(response)
        return response

    @staticmethod
    def _must_prove(browser: Browser, path: str) -> bool:
        """Say whether a page has to ask first who is there."""
        since = world.keyed.get(browser.session_key, clock.now)
        is_long_ago = clock.now - since > conf.RECENT_LOGIN_MAX_AGE
        return is_long_ago and resolve(path).url_name in ASK_WHO_IS_THERE

    def _turn_back(self, browser: Browser, path: str, data: Mapping[str, Any] | None) -> Any:
        """Send a form, and do not say who is there: then nothing changes."""
        before = world.everything_lasting()
        response = browser.post(path, data)
        self._judge(response)
        is_through = response.status_code == 200 or self.is_accepted(response)
        if is_through or world.everything_lasting() != before:
            raise Broken(f"{path} did not ask who is there")
        return response

    @staticmethod
    def _judge(response: Any) -> None:
        """Nothing fails, and nobody is led away from the site but to the provider."""
        if response.status_code >= 500:
            raise Broken(f"status {response.status_code}")
        where = response.get("Location", "/")
        is_here = where.startswith("/") and not where.startswith(("//", "/\\"))
        if not is_here and not where.startswith((sites.PROVIDER["ISSUER"], sites.STRIPE)):
            raise Broken(f"a visitor was led to {where}")

    @staticmethod
    def is_accepted(response: Any) -> bool:
        """Say whether a form was good: it leads on, and not to a page that asks who that is."""
        if response.status_code != 302:
            return False
        where = response["Location"].partition("?")[0]
        doors = [url("login"), url("confirm_identity"), url("emails")]
        doors += [url("accept_terms")] if conf.TERMS_VERSION else []
        return where not in doors or "next" not in query_of(response["Location"])

    def address(self, person: str, number: int) -> str:
        """Return one of the addresses: of the own ones, for who is honest."""
        pool = list(READER) if person == MALLORY else MAILBOXES[person]
        return pool[number % len(pool)]

    def name(self, person: str, number: int) -> str:
        """Return one of the usernames, as ``address`` does."""
        pool = [n for own in NAMES.values() for n in own] if person == MALLORY else NAMES[person]
        return pool[number % len(pool)]

    def new_password(self, person: str, number: int) -> str:
        self.step.password = PASSWORDS[person][number % 2]
        return self.step.password

    def link(self, person: str, number: int) -> Link | None:
        """Return a link out of the own mailboxes: the newest of each purpose first, then the rest."""
        newest = self.memory.links_to(person)[::-1]
        first = {link.purpose: link for link in reversed(newest)}
        # Each login from elsewhere mails one: by age alone, hardly any other would be used.
        links = [*first.values(), *(link for link in newest if first[link.purpose] is not link)]
        self.step.link = links[number % len(links)] if links else None
        return self.step.link

    @cached_property
    def boss(self) -> AbstractUser:
        """Who administers: one always does."""
        rows = get_user_model().objects.filter(is_superuser=True, is_staff=True, is_active=True)
        user: AbstractUser | None = rows.order_by("pk").first()
        if user is None:
            raise Broken("nobody administers the site any more")
        return user

    def get_user(self, key: int) -> AbstractUser:
        user: AbstractUser = get_user_model().objects.get(pk=key)
        return user

    def some_user(self, number: int) -> AbstractUser | None:
        """Return an account of one of the three."""
        keys = [key for person in PEOPLE for key in self.memory.accounts_of(person)]
        return self.get_user(keys[number % len(keys)]) if keys else None

    def rows_of(self, person: str, rows: Mapping[Key, tuple[Any, ...]], number: int) -> Key | None:
        """Return the key of a row about an own account; Mallory also tries those of others."""
        is_bold = person == MALLORY and number % 2 == 0
        keys = [key for key, row in rows.items() if is_bold or self.memory.allowed(person, row[0])]
        return keys[number % len(keys)] if keys else None


_DEFAULTS: dict[str, Any] = {
    "CONFIRM_EMAIL_BEFORE_LOGIN": True,
    "EMAILS_PER_USER": 5,
    "USERNAME": "required",
    "EMAIL": "required",
    "LOGIN_BY": "username_or_email",
    "POLICY": "django_useraccounts.policy.Policy",
    "TERMS_VERSION": "",
    "ROLES": {},
    "SOCIAL": sites.USERACCOUNTS["SOCIAL"],
    "SESSIONS": {},
}
