"""Who comes to the door: to register, to log in and out, with a mailed link, by a provider."""

import json
from typing import Any

from hypothesis import strategies as st

from django_useraccounts import limits
from django_useraccounts.canonical import username_key
from django_useraccounts.conf import conf
from django_useraccounts.identity import has_emails, login_names
from django_useraccounts.limits import parse_rates
from django_useraccounts.social.identities import identity_key
from django_useraccounts.testing.provider import FakeProvider
from tests.machine import settings as sites
from tests.machine.base import World, act, at, which, who, yes_or_no
from tests.machine.cast import MAILBOXES, MALLORY, NAMES, PASSWORDS
from tests.machine.memory import Link
from tests.machine.world import Broken, Browser, clock, row_of_link, url

PAGES_OF_LINKS = (
    *("confirm_email", "reset_password", "undo_email_change", "connect_by_link"),
    *("accept_invitation", "disown_login"),
)
#: What becomes of an identity that has no account: the pages that it is led to.
WAYS = ("complete_registration", "connect_account", "mail_connect_link")

provider = FakeProvider(issuer=sites.PROVIDER["ISSUER"])


class Visitors(World):
    """Steps of people whom nobody knows yet."""

    @act(who=who, at=at, name=which, address=which, password=which)
    def register(self, who: str, at: int, name: int, address: int, password: int) -> bool:
        browser = self.browser(who, at)
        if self.user_of(browser):
            browser.close()
        return self._register(browser, name, address, password)

    def _register(self, browser: Browser, name: int, address: int, password: int) -> bool:
        who = browser.person
        data = {
            "username": self.name(who, name),
            "email": self.address(who, address),
            "password": self.new_password(who, password),
            "terms": conf.TERMS_VERSION,
        }
        return self.send(browser, "register", data)

    @act(who=who, at=at, whom=which, by_address=yes_or_no, remember=yes_or_no)
    def log_in(self, who: str, at: int, whom: int, by_address: bool, remember: bool) -> bool:
        """With a password that one knows; whoever the door opens for has to be let in."""
        browser = self.browser(who, at)
        browser.close()
        by_address = by_address and has_emails()
        identifier = self.address(who, whom) if by_address else self.name(who, whom)
        user = self._known_as(identifier)
        known = self.memory.password.get(self._named(identifier) or 0)
        password = known if known in PASSWORDS[who] else PASSWORDS[who][whom % 2]
        data = {"identifier": identifier, "password": password, "remember": remember or ""}
        response = self.ask(browser, url("login"), data)
        self._judge_login(response, browser, user, is_right=known == password)
        return self.is_accepted(response) and response["Location"] != url("resend_confirmation")

    def _known_as(self, identifier: str) -> int | None:
        """Return whom a name or a proved address means, if that one can log in by it now."""
        kind = "email" if "@" in identifier else "username"
        user = self._named(identifier) if kind in login_names() else None
        row = self.memory.facts.users.get(user or 0)
        is_gone = row and row["erase_at"] and row["erase_at"] <= clock.now.replace(tzinfo=None)
        return user if row and row["is_active"] and not is_gone else None

    def _named(self, identifier: str) -> int | None:
        facts = self.memory.facts
        if "@" in identifier:
            return facts.proved.get(identifier)
        names = {username_key(row["username"] or ""): pk for pk, row in facts.users.items()}
        return names.get(username_key(identifier))

    def _judge_login(
        self, response: Any, browser: Browser, user: int | None, *, is_right: bool
    ) -> None:
        if response.status_code == 429:
            return
        must_confirm = conf.CONFIRM_EMAIL_BEFORE_LOGIN and has_emails()
        is_waiting = must_confirm and user not in self.memory.facts.proved.values()
        is_expected = user is not None and is_right and not is_waiting
        is_in = bool(browser.session_key)
        if is_in is not is_expected:
            raise Broken(f"#{user} is {'' if is_in else 'not '}let in (right: {is_right})")

    @act(needs="may_guess", whom=which, limit=st.sampled_from(("pair", "identifier")))
    def guess(self, whom: int, limit: str) -> bool:
        """Mallory tries passwords, from one network or each from another, until she is refused."""
        self.step.person, self.may_guess = MALLORY, False
        identifier = self.address(MALLORY, whom) if whom % 2 else self.name(MALLORY, whom)
        rates = parse_rates(limits.DEFAULTS["login"][limit])
        shortest = min(rates, key=lambda rate: rate.seconds)
        for attempt in range(shortest.attempts + 1):
            browser = Browser(MALLORY, f"198.51.100.{attempt if limit == 'identifier' else 0}")
            data = {"identifier": identifier, "password": "wrong"}
            if self.ask(browser, url("login"), data).status_code == 429:
                return True
        raise Broken(f"{shortest.attempts + 1} passwords were tried at {identifier}")

    @act(needs="somebody", who=who, at=at)
    def log_out(self, who: str, at: int) -> bool:
        browser = self.enter(who, at)
        user, key = self.user_of(browser), browser.session_key
        done = self.send(browser, "logout")
        self.memory.ended[key] = None
        return done and user is not None

    @act(who=who, at=at)
    def close_browser(self, who: str, at: int) -> bool:
        browser = self.browser(who, at)
        was = self.user_of(browser)
        browser.close()
        return was is not None

    @act(needs="ended_sessions", number=which)
    def bring_back_an_old_session(self, number: int) -> bool:
        """With a cookie that was kept: the page of the profile opens for nobody any more."""
        keys = list(self.memory.ended)
        if not keys:
            return False
        self.must_be_over(keys[-1 - number % len(keys)])
        return True

    @staticmethod
    def must_be_over(session_key: str) -> None:
        visitor = Browser("", "192.0.2.77", {("/", "sessionid"): session_key})
        if visitor.get(url("profile")).status_code != 302:
            raise Broken("an old session opens the profile")

    @act(needs="somebody", who=who, at=at)
    def look_at_profile(self, who: str, at: int) -> bool:
        """The page opens for whom the tables say it does."""
        browser = self.enter(who, at)
        user = self.user_of(browser)
        response = browser.get(url("profile"))
        waits = response.get("Location", "").startswith((url("login"), "/accounts/resend"))
        if user is None and response.status_code == 200:
            raise Broken("the profile opens for nobody")
        if user is not None and response.get("Location", "").startswith(url("login")):
            raise Broken(f"the profile of #{user} does not open")
        return user is not None and not waits

    # Passwords

    @act(who=who, at=at, address=which)
    def forget_password(self, who: str, at: int, address: int) -> bool:
        browser = self.browser(who, at)
        return self.send(browser, "forgot_password", {"email": self.address(who, address)})

    @act(needs="somebody", who=who, at=at, password=which)
    def change_password(self, who: str, at: int, password: int) -> bool:
        browser = self.enter(who, at)
        user = self.user_of(browser)
        if user is None:
            return False
        known = self.memory.password.get(user)
        old = known if known in PASSWORDS[who] else PASSWORDS[who][0]
        data = {"old_password": old, "new_password": self.new_password(who, password)}
        return self.send(browser, "change_password", data)

    @act(needs="without_password", who=who, at=at, password=which)
    def set_password(self, who: str, at: int, password: int) -> bool:
        browser = self.enter(who, at)
        data = {"new_password": self.new_password(who, password)}
        if self.user_of(browser) is None:
            return False
        self._prove_by_provider(browser)
        is_set = self.memory.password.get(self.user_of(browser) or 0) is not None
        return self.send(browser, "set_password", data) and not is_set

    # Links

    @act(who=who, at=at, address=which)
    def ask_for_confirmation(self, who: str, at: int, address: int) -> bool:
        browser = self.browser(who, at)
        return self.send(browser, "resend_confirmation", {"email": self.address(who, address)})

    @act(needs="letters", who=who, at=at, number=which, password=which)
    def use_link(self, who: str, at: int, number: int, password: int) -> bool:
        """Open a link out of a mailbox and do what its page is for."""
        browser = self.browser(who, at)
        link = self.link(who, number)
        if link is None:
            return False
        self.step.page = link.purpose
        self.step.way = link.purpose
        return getattr(self, f"_{link.purpose}")(browser, link, password)

    @act(needs="letters", at=at, number=which, page=st.sampled_from(PAGES_OF_LINKS))
    def use_link_elsewhere(self, at: int, number: int, page: str) -> bool:
        """Mallory brings a link of her own to the page of another purpose."""
        browser = self.browser(MALLORY, at)
        link = self.link(MALLORY, number)
        if link is None or link.purpose == page:
            return False
        self.step.page = page
        opened = self._open(browser, url(page, link.letter.secret))
        data = {"answer": "confirm", "new_password": self.new_password(MALLORY, 0)}
        self.ask(browser, opened, data)
        return True

    def _open(self, browser: Browser, path: str) -> str:
        """Open a link, and return the page that it leads to without its secret."""
        response = browser.get(path)
        if response.status_code != 302:
            raise Broken(f"{path} answers {response.status_code}")
        return str(response["Location"])

    def _confirm_email(self, browser: Browser, link: Link, _password: int) -> bool:
        """Confirm the own account; say that it was not me of any other."""
        page = self._open(browser, link.letter.path)
        person = browser.person
        row = self.memory.facts.users.get(link.user)
        is_shown = row is not None and bool(row["username"]) and conf.USERNAME != "off"
        mine = person == MALLORY or not is_shown or self.memory.allowed(person, link.user)
        data = {"answer": "confirm" if mine else "not_me"}
        known = self.memory.password.get(link.user)
        # Who cannot see which account it is types the own password where it is asked for.
        data["old_password"] = known if known in PASSWORDS[person] else PASSWORDS[person][0]
        response = self.ask(browser, page, data)
        return response.status_code in (200, 302) and not link.ended

    def _reset_password(self, browser: Browser, link: Link, password: int) -> bool:
        page = self._open(browser, link.letter.path)
        data = {"new_password": self.new_password(browser.person, password)}
        return self.is_accepted(self.ask(browser, page, data))

    def _undo_email_change(self, browser: Browser, link: Link, password: int) -> bool:
        """Take it back, and be led to a new password."""
        page = self._open(browser, link.letter.path)
        return self.is_accepted(self.ask(browser, page))

    def _disown_login(self, browser: Browser, link: Link, password: int) -> bool:
        return self._undo_email_change(browser, link, password)

    def _fetch_export(self, browser: Browser, link: Link, _password: int) -> bool:
        page = self._open(browser, link.letter.path)
        if self.user_of(browser) is None:
            return False
        self._prove_by_provider(browser)
        response = self.ask(browser, page)
        return bool(response.get("Content-Type") == "application/zip")

    def _accept_invitation(self, browser: Browser, link: Link, password: int) -> bool:
        """Accept as a member, or register with it."""
        page = self._open(browser, link.letter.path)
        response = self.ask(browser, page)
        if response.get("Location", "").startswith(url("register")):
            address = MAILBOXES[browser.person].index(link.letter.to)
            return self._register(browser, address, address, password)
        return self.is_accepted(response)

    def _connect_by_link(self, browser: Browser, link: Link, _password: int) -> bool:
        """Let in the own identity, and no other that somebody has asked for."""
        page = self._open(browser, link.letter.path)
        _user, _key, pending = row_of_link(link.letter)
        is_own = pending and json.loads(pending)["subject"].startswith(browser.person)
        if browser.person != MALLORY and not is_own:
            return False
        return self.is_accepted(self.ask(browser, page))

    # Providers

    def _person_at_provider(self, person: str, number: int) -> dict[str, Any]:
        """Return who somebody is at the provider; Mallory may say that any address is hers."""
        own = next(a for a in MAILBOXES[person] if a.endswith("guild.example"))
        claims = {"sub": f"{person}-{number % 2}", "email": own, "email_verified": True}
        if number % 4 == 2:
            # An address over which the provider has no authority.
            claims["email"] = self.address(person, number // 4)
            claims["email_verified"] = claims["email"] in MAILBOXES[person]
        elif number % 4 == 3:
            claims["email_verified"] = False
            claims["email"] = self.address(person, number // 4)
        return {**claims, "preferred_username": NAMES[person][0]}

    def _come_by_provider(self, browser: Browser, name: str, number: int, **data: str) -> Any:
        args = ["guild"]
        response = self.ask(browser, url(name, *args), data)
        where = response.get("Location", "")
        if not where.startswith(sites.PROVIDER["ISSUER"]):
            return response
        callback = provider.agree(where, self._person_at_provider(browser.person, number))
        answer = browser.get(callback)
        self._judge(answer)
        return answer

    def _prove_by_provider(self, browser: Browser) -> None:
        """Prove who one is by an identity that is connected, where there is no password."""
        user = self.user_of(browser)
        if user is None or self.memory.password.get(user) is not None:
            return
        for whose, subject in self.memory.facts.connections.values():
            person, _dash, number = subject.rpartition("-")
            if whose == user and person == browser.person:
                self._come_by_provider(browser, "social_login", int(number), purpose="prove")
                return

    def _arrive(self, who: str, at: int, number: int) -> tuple[Browser, str]:
        """Come from the provider; return the browser, and where it is led."""
        browser = self.browser(who, at)
        if self.user_of(browser):
            browser.close()
        response = self._come_by_provider(browser, "social_login", number)
        return browser, response.get("Location", "")

    @act(who=who, at=at, number=which, way=st.sampled_from(WAYS), name=which, address=which)
    def come_by_provider(
        self, who: str, at: int, number: int, way: str, name: int, address: int
    ) -> bool:
        """Log in; where the identity has no account, open one, or say which one it belongs to."""
        browser, where = self._arrive(who, at, number)
        if where in (url("profile"), url("emails")):
            return True
        if where not in (url("complete_registration"), url("connect_account")):
            return False
        self.step.way = way
        if way == "mail_connect_link":
            return where == url("connect_account") and self.send(browser, way)
        if way == "connect_account":
            return self._connect_account(browser, number, address)
        data = {
            "username": self.name(who, name),
            "email": self.address(who, address),
            "terms": conf.TERMS_VERSION,
        }
        return self.send(browser, way, data)

    def _connect_account(self, browser: Browser, number: int, whom: int) -> bool:
        """Say by a password which account an identity that has arrived belongs to."""
        who = browser.person
        subject = self._person_at_provider(who, number)["sub"]
        by_address = "email" in login_names()
        identifier = self.address(who, whom) if by_address else self.name(who, whom)
        known = self.memory.password.get(self._known_as(identifier) or 0)
        data = {
            "identity": identity_key(sites.PROVIDER["ISSUER"], subject),
            "identifier": identifier,
            "password": known if known in PASSWORDS[who] else PASSWORDS[who][0],
        }
        response = self.ask(browser, url("connect_account"), data)
        return bool(response.get("Location", "") == url("connections"))
