"""The administration: its pages, for who administers, and for whoever would like to."""

from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.urls import reverse
from hypothesis import strategies as st

from django_useraccounts.models import Role
from django_useraccounts.proof import stamp_proof
from tests.machine import world
from tests.machine.base import act, at, which, who, yes_or_no
from tests.machine.cast import ADMINISTRATORS, PEOPLE
from tests.machine.facts import last_event
from tests.machine.staff import Staff, roles_held, told_by
from tests.machine.world import Broken, Browser, demand, post_office, rows

USERS, ROLES, MAILS = "useraccounts_user", "useraccounts_role", "useraccounts_outgoingmail"
LOGINS = "useraccounts_sessions_loginsession"
INVITATIONS = "useraccounts_invitations_invitation"
#: The rows that the pages of users and of roles show beside what they are about.
BESIDE = ("emails", "role_grants", "role_grants-2", "grants")
RIGHTS = ("is_superuser", "is_staff", "is_active")
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

    def _rewrite(self, model: str, key: object, **columns: object) -> bool:
        """Send the page of a row as it is filled in, and no rows beside it."""
        data = {f"{name}-{count}_FORMS": 0 for name in BESIDE for count in ("TOTAL", "INITIAL")}
        data |= {name: value for name, value in columns.items() if value is not False}
        return self._fill_in(reverse(f"admin:{model}_change", args=[key]), data)

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

    @act(
        needs="changes_of_rights",
        who=st.sampled_from(ADMINISTRATORS),
        right=st.sampled_from(RIGHTS),
    )
    def change_rights(self, who: str, right: str) -> bool:
        """Take a right from an administrator, or give it back: one goes on to administer."""
        self.changes_of_rights -= 1
        user = get_user_model().objects.get(username=who)
        rights = {name: getattr(user, name) != (name == right) for name in RIGHTS}
        is_done = self._rewrite(USERS, user.pk, username=who, **rights)
        # The other one, if this one does no more.
        vars(self).pop("boss", None)
        return is_done and bool(self.boss)

    @act(needs="given_up", number=which)
    def send_mail_again(self, number: int) -> bool:
        found, before = self.given_up, len(post_office.letters)
        is_done = bool(found) and self._press("send_again", MAILS, found[number % len(found)][0])
        self.late_links_work(before)
        return is_done

    @property
    def given_up(self) -> list[tuple[Any, ...]]:
        if not self.is_bouncing:
            return []
        return rows(f"SELECT id FROM {MAILS} WHERE due_at IS NULL AND sent_at IS NULL ORDER BY id")

    @act(needs="may_deploy", may_invite=yes_or_no)
    def deploy(self, may_invite: bool) -> bool:
        """
        Have a new version make the roles what it declares, and rename one; the boss takes that back.

        By neither does anybody gain or lose a role.
        """
        self.hosts_may_invite, self.may_deploy = may_invite, False
        permissions = ["useraccounts.add_rolegrant"]
        permissions += ["useraccounts_invitations.add_invitation"] if may_invite else []
        world.become({"ROLES": {"host": {"label": "", "permissions": permissions}}})
        held = roles_held()
        told_by("useraccounts_sync_roles", "--rename", "artist", "painter")
        renamed = {(user, "painter" if name == "artist" else name) for user, name in held}
        demand(roles_held() == renamed, "a role was renamed, and others have it now")
        is_back = self._rewrite(ROLES, Role.objects.get(name="painter").pk, name="artist")
        demand(is_back and roles_held() == held, "a role was renamed, and others have it now")
        return True

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
