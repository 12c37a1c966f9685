"""Where people are logged in: they look, and end what they do not want."""

from typing import Any
from uuid import UUID

from tests.machine.base import act, at, which, who
from tests.machine.facts import Facts
from tests.machine.members import Members
from tests.machine.world import Broken, url


class Sessions(Members):
    """Steps of people at the pages about their sessions."""

    @property
    def logins(self) -> dict[str, Any]:
        return self.memory.facts.logins

    @act(needs="logins", who=who, at=at)
    def look_at_sessions(self, who: str, at: int) -> bool:
        """The page shows the own ones, and all of those that go on."""
        browser = self.enter(who, at)
        # By now: a login of this step may have ended others.
        user, facts = self.user_of(browser), Facts.look()
        response = browser.get(url("sessions"))
        self._judge(response)
        if response.status_code != 200:
            return False
        shown = {shown.row.pk.hex: shown.row.user_id for shown in response.context_data["sessions"]}
        living = {row for row, whose in facts.listed() if whose == user}
        if user is None or set(shown.values()) - {user}:
            raise Broken(f"#{user} sees the sessions of {sorted(set(shown.values()))}")
        if living - shown.keys():
            raise Broken(f"#{user} does not see {sorted(living - shown.keys())}")
        return True

    def end_row(self, row: str) -> None:
        """Know that the session of a row has ended: its browser is nobody's at once."""
        for key, own in self.memory.facts.row_of.items():
            if own == row:
                self.memory.ended[key] = None
                self.must_be_over(key)

    @act(needs="logins", who=who, at=at, number=which)
    def end_session(self, who: str, at: int, number: int) -> bool:
        """End another one of the own; of another's, Mallory finds nothing there."""
        browser = self.enter(who, at)
        user, facts = self.user_of(browser), self.memory.facts
        own = facts.row_of.get(browser.session_key)
        others = {
            key: (login.user,)
            for key, login in facts.logins.items()
            if key != own and not login.is_ended
        }
        key = self.rows_of(who, others, number)
        if key is None or user is None:
            return False
        self._prove_by_provider(browser)
        is_done = self.send(browser, "end_session", None, UUID(key)) and others[key] == (user,)
        if is_done:
            self.end_row(key)
        return is_done

    @act(needs="logins", who=who, at=at)
    def end_other_sessions(self, who: str, at: int) -> bool:
        browser = self.enter(who, at)
        if self.user_of(browser) is None:
            return False
        self._prove_by_provider(browser)
        return self.send(browser, "end_other_sessions")
