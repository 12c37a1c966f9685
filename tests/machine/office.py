"""The administration: its pages, for who administers, and for whoever would like to."""

from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.urls import reverse
from hypothesis import strategies as st

from django_useraccounts.models import Role
from django_useraccounts.proof import stamp_proof
from tests.machine.base import act, at, which, who
from tests.machine.cast import PEOPLE
from tests.machine.facts import last_event
from tests.machine.staff import Staff
from tests.machine.world import Broken, Browser, rows

USERS, LOGINS = "useraccounts_user", "useraccounts_sessions_loginsession"
INVITATIONS = "useraccounts_invitations_invitation"
ACTIONS = ("switch_off", "switch_on", "end_sessions", "send_password_links", "close", "reopen")


class Office(Staff):
    """Steps at Django's admin."""

    def _desk(self) -> Browser:
        """Return a browser of the administrator, who has just come in."""
        store = SessionStore()
        store[SESSION_KEY] = str(self.boss.pk)
        store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        store[HASH_SESSION_KEY] = self.boss.get_session_auth_hash()
        request = HttpRequest()
        request.session = store
        stamp_proof(request)
        store.save()
        cookies = {("/", settings.SESSION_COOKIE_NAME): str(store.session_key)}
        return Browser("", "192.0.2.200", cookies)

    def _press(self, action: str, model: str, key: object, **typed: str) -> bool:
        """Tick a row of a list, and have something done with it."""
        data = {"action": action, "_selected_action": key, **typed}
        return self._fill_in(reverse(f"admin:{model}_changelist"), data)

    def _fill_in(self, path: str, data: dict[str, Any]) -> bool:
        before = last_event()
        desk = self._desk()
        response = desk.post(path, data)
        SessionStore(desk.session_key).delete()
        self._judge(response)
        where = response.get("Location", "")
        is_away = "/login/" in where or "/confirm-identity/" in where
        if response.status_code not in (200, 302) or is_away:
            raise Broken(f"{path} answers the administrator by {response.status_code}")
        return last_event() > before

    @act(needs="somebody", number=which, action=st.sampled_from(ACTIONS))
    def act_on_user(self, number: int, action: str) -> bool:
        self.step.way, user = action, self.some_user(number)
        return user is not None and self._press(action, USERS, user.pk)

    @act(needs="somebody", number=which, role=st.sampled_from(("host", "artist")))
    def grant_by_page(self, number: int, role: str) -> bool:
        user = self._honest_user(number)
        if user is None:
            return False
        asked = {"apply": "1", "role": str(Role.objects.get(name=role).pk)}
        return self._press("grant_role", USERS, user.pk, **asked)

    @act(needs="grants", number=which)
    def revoke_by_page(self, number: int) -> bool:
        held = sorted((user, name) for user, name in self.memory.facts.roles)
        if not held:
            return False
        user, name = held[number % len(held)]
        asked = {"apply": "1", "role": str(Role.objects.get(name=name).pk)}
        return self._press("revoke_role", USERS, user, **asked)

    @act(needs="logins", number=which)
    def end_session_by_page(self, number: int) -> bool:
        facts = self.memory.facts
        going = sorted(row for row, _user in facts.listed())
        if not going:
            return False
        row = going[number % len(going)]
        is_done = self._press("end", LOGINS, row)
        self.end_row(row)
        return is_done

    @act(friend=which)
    def invite_by_page(self, friend: int) -> bool:
        """Invite somebody honest, whose mail nobody else reads."""
        to = self.address(PEOPLE[friend % 2], friend)
        data = {"email": to, "uses": "1", "days": "14", "note": "", "roles": ["artist"]}
        return self._fill_in(reverse(f"admin:{INVITATIONS}_add"), data)

    @property
    def invitations(self) -> list[tuple[Any, ...]]:
        return rows(f"SELECT id FROM {INVITATIONS} WHERE withdrawn_at IS NULL AND uses = 0")

    @act(needs="invitations", number=which, action=st.sampled_from(("resend", "withdraw")))
    def act_on_invitation(self, number: int, action: str) -> bool:
        self.step.way, found = action, self.invitations
        return bool(found) and self._press(action, INVITATIONS, found[number % len(found)][0])

    @act(needs="somebody", who=who, at=at, number=which, action=st.sampled_from(ACTIONS))
    def knock_at_admin(self, who: str, at: int, number: int, action: str) -> bool:
        """Nobody else is let in there, whatever roles they have."""
        browser = self.enter(who, at)
        user = self.some_user(number)
        data = {"action": action, "_selected_action": user.pk if user else 0}
        response = browser.post(reverse(f"admin:{USERS}_changelist"), data)
        if response.status_code != 403 and "/login/" not in response.get("Location", ""):
            raise Broken(f"{who} is in the administration: {response.status_code}")
        return self.user_of(browser) is not None
