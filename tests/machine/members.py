"""Who is in: addresses, names, what is connected, who leaves, who invites; and who has no right."""

from datetime import timedelta

from hypothesis import strategies as st

from tests.machine.base import act, at, which, who, yes_or_no
from tests.machine.cast import MALLORY, PEOPLE
from tests.machine.facts import Facts
from tests.machine.visitors import Visitors
from tests.machine.world import Broken, clock, rows, url


class Members(Visitors):
    """Steps of people who are logged in, or would like others to think so."""

    # Addresses

    @act(needs="somebody", who=who, at=at, address=which)
    def add_email(self, who: str, at: int, address: int) -> bool:
        browser = self.enter(who, at)
        if self.user_of(browser) is None:
            return False
        self._prove_by_provider(browser)
        return self.send(browser, "add_email", {"email": self.address(who, address)})

    def _act_on_address(self, who: str, at: int, number: int, page: str) -> bool:
        """Press the button of an address; of another's account, Mallory finds nothing there."""
        browser = self.enter(who, at)
        # Only what waits can be confirmed, and only what is proved be the primary one.
        wanted = {"send_confirmation": (False,), "make_primary_email": (True,)}.get(page)
        emails = self.memory.facts.emails
        rows_for = {key: row for key, row in emails.items() if not wanted or row[2] in wanted}
        key = self.rows_of(who, rows_for, number)
        if key is None or self.user_of(browser) is None:
            return False
        self._prove_by_provider(browser)
        is_own = self.memory.facts.emails[key][0] == self.user_of(browser)
        return self.send(browser, page, None, key) and is_own

    @act(needs="somebody", who=who, at=at, number=which)
    def send_confirmation(self, who: str, at: int, number: int) -> bool:
        return self._act_on_address(who, at, number, "send_confirmation")

    @act(needs="somebody", who=who, at=at, number=which)
    def make_primary_email(self, who: str, at: int, number: int) -> bool:
        return self._act_on_address(who, at, number, "make_primary_email")

    @act(needs="spare_addresses", who=who, at=at, number=which)
    def remove_email(self, who: str, at: int, number: int) -> bool:
        return self._act_on_address(who, at, number, "remove_email")

    # Names

    @act(needs="somebody", who=who, at=at, name=which)
    def change_username(self, who: str, at: int, name: int) -> bool:
        browser = self.enter(who, at)
        user = self.user_of(browser)
        if user is None:
            return False
        data = {"username": self.name(who, name)}
        self.send(browser, "change_username", data)
        was = self.memory.facts.users[user]["username"]
        found = rows("SELECT username FROM useraccounts_user WHERE id = ?", user)
        return found != [(was,)]

    @act(needs="somebody", who=who, at=at, name=which)
    def edit_profile(self, who: str, at: int, name: int) -> bool:
        browser = self.enter(who, at)
        if self.user_of(browser) is None:
            return False
        return self.send(browser, "edit_profile", {"first_name": self.name(who, name)})

    # Providers

    @act(needs="somebody", who=who, at=at, number=which)
    def connect_provider(self, who: str, at: int, number: int) -> bool:
        browser = self.enter(who, at)
        if self.user_of(browser) is None:
            return False
        self._prove_by_provider(browser)
        response = self._come_by_provider(browser, "connect_provider", number)
        return bool(response.get("Location", "") == url("connections"))

    @act(needs="connections", who=who, at=at, number=which)
    def disconnect_provider(self, who: str, at: int, number: int) -> bool:
        browser = self.enter(who, at)
        key = self.rows_of(who, self.memory.facts.connections, number)
        if key is None or self.user_of(browser) is None:
            return False
        self._prove_by_provider(browser)
        is_own = self.memory.facts.connections[key][0] == self.user_of(browser)
        return self.send(browser, "disconnect_provider", None, key) and is_own

    # Leaving

    @act(needs="somebody", who=who, at=at, sure=which)
    def close_account(self, who: str, at: int, sure: int) -> bool:
        browser = self.enter(who, at)
        if self.user_of(browser) is None or sure % 4:
            return False
        self._prove_by_provider(browser)
        return self.send(browser, "close_account", {"reason": ""})

    @act(needs="somebody", who=who, at=at)
    def export_account(self, who: str, at: int) -> bool:
        browser = self.enter(who, at)
        if self.user_of(browser) is None:
            return False
        self._prove_by_provider(browser)
        return self.send(browser, "export_account")

    # Invitations

    @act(needs="somebody", who=who, at=at, friend=which, as_host=yes_or_no, by_mail=yes_or_no)
    def invite(self, who: str, at: int, friend: int, as_host: bool, by_mail: bool) -> bool:
        """Whoever may invites a friend; Mallory is nobody's friend."""
        browser = self.enter(who, at)
        user = self.user_of(browser)
        if user is None or (who == MALLORY and user in self.memory.tainted):
            return False
        self._prove_by_provider(browser)
        to = self.address(PEOPLE[friend % 2], friend) if by_mail else ""
        data = {
            "email": to,
            "uses": "1" if by_mail else "2",
            "days": "14",
            "roles": ["host"] if as_host else [],
        }
        is_done = self.send(browser, "invite", data)
        if is_done and not (self.hosts_may_invite and (user, "host") in Facts.look().roles):
            raise Broken(f"#{user} has invited, and may not")
        self.is_inviting = self.is_inviting or is_done
        return is_done

    def _act_on_invitation(self, who: str, at: int, number: int, page: str) -> bool:
        browser = self.enter(who, at)
        sql = "SELECT id, invited_by_id FROM useraccounts_invitations_invitation"
        found = rows(f"{sql} WHERE withdrawn_at IS NULL AND uses = 0 ORDER BY email = ''")
        key = self.rows_of(who, {row[0]: row[1:] for row in found}, number)
        user = self.user_of(browser)
        if key is None or user is None:
            return False
        return self.send(browser, page, None, key) and dict(found)[key] == user

    @act(needs="is_inviting", who=who, at=at, number=which)
    def resend_invitation(self, who: str, at: int, number: int) -> bool:
        return self._act_on_invitation(who, at, number, "resend_invitation")

    @act(needs="is_inviting", who=who, at=at, number=which)
    def withdraw_invitation(self, who: str, at: int, number: int) -> bool:
        return self._act_on_invitation(who, at, number, "withdraw_invitation")

    # A thief

    @act(needs="somebody", victim=st.sampled_from(PEOPLE[:2]), at=at)
    def steal_session(self, victim: str, at: int) -> bool:
        """Mallory gets at the cookie of a victim, and is in the account until that one acts."""
        browser = self.enter(victim, at)
        user = self.user_of(browser)
        if user is None:
            return False
        self.step.person = MALLORY
        self.memory.tainted.add(user)
        self.browsers[MALLORY][at].cookies[("/", "sessionid")] = browser.session_key
        return True

    # Time, which is nobody's

    @act(length=st.sampled_from((1, 6, 20, 60, 240, 1500, 4400, 11000, 45000)))
    def wait(self, length: int) -> bool:
        """Let some minutes go by, or a month."""
        clock.go_on(timedelta(minutes=length))
        self.is_late = self.is_late or length > 1000
        return True
