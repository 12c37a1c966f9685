"""The administrator, the office, the mail server and cron."""

import re
from datetime import timedelta
from io import StringIO

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.utils import timezone
from hypothesis import strategies as st

from django_useraccounts.administration.flows import (
    add_user,
    end_sessions,
    let_mail_through,
    send_password_link,
    switch_off,
    switch_on,
)
from django_useraccounts.conf import conf
from django_useraccounts.emails.flows import add_email
from django_useraccounts.errors import AccountError
from django_useraccounts.identity import has_emails
from django_useraccounts.mail import deliver_due
from django_useraccounts.memberships.models import Plan
from django_useraccounts.models import (
    AbstractUser,
    Role,
    RoleGrant,
    UndeliverableAddress,
)
from django_useraccounts.roles.flows import (
    extend_grant,
    grant_role,
    revoke_grant,
    revoke_role,
)
from tests.machine import world
from tests.machine.base import act, which, yes_or_no
from tests.machine.cast import ADMINISTRATORS, MAILBOXES, MALLORY, PEOPLE
from tests.machine.money import Money
from tests.machine.world import Broken, clock, demand, is_over, post_office, stopped


def furnish() -> None:
    """Make what each run begins with: administrators, roles, a plan."""
    for name in ADMINISTRATORS:
        get_user_model().objects.create_superuser(name, f"{name}@office.example", None)
    host = Role.objects.create(name="host")
    wanted = ("add_invitation", "add_rolegrant")
    host.permissions.set(Permission.objects.filter(codename__in=wanted))
    Role.objects.create(name="artist")
    member = Role.objects.create(name="member")
    Plan.objects.create(
        name="patron", label="Patron", role=member, price="€ 5", price_id="price_patron"
    )


def told_by(command: str, *args: str) -> list[int]:
    """Call a command, and return the numbers that it prints."""
    said = StringIO()
    call_command(command, *args, stdout=said, stderr=StringIO())
    return [int(number) for number in re.findall(r"\d+", said.getvalue())]


def roles_held() -> set[tuple[int, str]]:
    """Return who has which role, as the site sees it."""
    users = get_user_model().objects.all()
    return {(user.pk, name) for user in users for name in user.role_names}


class Staff(Money):
    """Steps of those who run the site."""

    # Accounts

    @act(needs="somebody", number=which)
    def switch_off(self, number: int) -> bool:
        user = self.some_user(number)
        if user is None or not user.is_active:
            return False
        switch_off(user, by=self.boss)
        return True

    @act(needs="somebody_off", number=which)
    def switch_on(self, number: int) -> bool:
        off = self.somebody_off
        switch_on(self.get_user(off[number % len(off)]), by=self.boss)
        return True

    @act(needs="somebody", number=which)
    def end_sessions(self, number: int) -> bool:
        user = self.some_user(number)
        if user is None:
            return False
        end_sessions(user, by=self.boss)
        return True

    @act(whom=st.sampled_from(PEOPLE), name=which, address=which, confirmed=yes_or_no)
    def add_user(self, whom: str, name: int, address: int, confirmed: bool) -> bool:
        """Open an account for somebody whose address the administrator knows, or has been told."""
        self.step.person, self.step.is_vouched = whom, True
        own = MAILBOXES[whom]
        try:
            add_user(
                self.name(whom, name) if conf.USERNAME != "off" else None,
                email=own[address % len(own)] if has_emails() else None,
                confirmed=confirmed,
                by=self.boss,
            )
        except AccountError:
            return False
        return True

    @act(needs="somebody", number=which, address=which)
    def vouch_for_address(self, number: int, address: int) -> bool:
        """Confirm an address of somebody who has come to the desk."""
        user = self.some_user(number)
        if user is None or not has_emails():
            return False
        memory = self.memory
        whose = memory.owner.get(user.pk) or memory.registrant[user.pk]
        self.step.is_vouched = True
        own = MAILBOXES[whose]
        try:
            add_email(user, own[address % len(own)], confirmed=True, by=self.boss)
        except AccountError:
            return False
        return True

    @act(needs="somebody", number=which)
    def send_password_link(self, number: int) -> bool:
        user = self.some_user(number)
        if user is None:
            return False
        try:
            send_password_link(user, by=self.boss)
        except AccountError:
            return False
        return True

    # Roles

    def _honest_user(self, number: int) -> AbstractUser | None:
        keys = [
            key
            for person in PEOPLE
            if person != MALLORY
            for key in self.memory.accounts_of(person)
            if key in self.memory.owner
        ]
        return self.get_user(keys[number % len(keys)]) if keys else None

    @act(needs="somebody", number=which, role=st.sampled_from(("host", "artist")), days=which)
    def grant_role(self, number: int, role: str, days: int) -> bool:
        user = self._honest_user(number)
        if user is None:
            return False
        until = timezone.now() + timedelta(days=days) if days else None
        grant_role(user, role, until=until, by=self.boss)
        return True

    @act(needs="grants", number=which, role=st.sampled_from(("host", "artist", "member")))
    def revoke_role(self, number: int, role: str) -> bool:
        user = self.some_user(number)
        return bool(user and revoke_role(user, role, by=self.boss))

    @act(needs="grants_with_end", number=which, days=which)
    def extend_grant(self, number: int, days: int) -> bool:
        grants = list(RoleGrant.objects.exclude(ends_at=None).order_by("pk"))
        if not grants:
            return False
        grant = grants[number % len(grants)]
        try:
            extend_grant(grant, until=timezone.now() + timedelta(days=2 * days), by=self.boss)
        except AccountError:
            return False
        return True

    @act(needs="grants", number=which)
    def revoke_grant(self, number: int) -> bool:
        grants = list(RoleGrant.objects.lasting().order_by("pk"))
        return bool(grants) and revoke_grant(grants[number % len(grants)], by=self.boss)

    @act(needs="grants", giver=which, number=which, role=st.sampled_from(("host", "artist")))
    def give_role_on(self, giver: int, number: int, role: str) -> bool:
        """A host gives to a friend what a host may give; Mallory tries for herself."""
        givers = [key for person in PEOPLE for key in self.memory.accounts_of(person)]
        user = self._honest_user(number)
        if user is None:
            return False
        by = self.get_user(givers[giver % len(givers)])
        if self.memory.allowed(MALLORY, by.pk):
            user = by
        try:
            grant_role(user, role, by=by)
        except AccountError:
            return False
        return True

    # Cron, and the mail server

    @act(needs="is_late")
    def prune(self) -> bool:
        self.is_pruned, self.is_late = True, False
        return any(told_by("useraccounts_prune"))

    @act(mood=st.sampled_from(("delivers", "delivers", "fails", "bounces")))
    def mail_server_changes(self, mood: str) -> bool:
        post_office.mood = mood
        self.is_bouncing = self.is_bouncing or mood == "bounces"
        self.is_mail_late = self.is_mail_late or mood == "fails"
        return True

    @act(needs="is_mail_late")
    def send_mail(self) -> bool:
        post_office.mood = "delivers"
        clock.go_on(timedelta(minutes=10))
        before = len(post_office.letters)
        is_done = bool(deliver_due(limit=20))
        self.late_links_work(before)
        return is_done

    def late_links_work(self, before: int) -> None:
        """What has been mailed late, after so many letters, brings no link that is over."""
        for letter in post_office.letters[before:]:
            if letter.path and is_over(letter):
                raise Broken(f"a link for {letter.purpose} was mailed when it was over")

    @act(needs="grants_with_end")
    def remind(self) -> bool:
        """What cron does each day; done once more at once, it has nobody to tell."""
        told, stopped_now = self._cron()
        if told:
            again, _stopped = self._cron()
            demand(not again, f"{again} people were told twice")
        self._judge_renewals()
        return bool(told or stopped_now)

    @staticmethod
    def _cron() -> tuple[int, int]:
        """Return how many people were told, and how many subscriptions were stopped."""
        [reminded] = told_by("useraccounts_remind")
        begun, ending, ended, stopped_now, _forgotten = told_by("useraccounts_memberships")
        return reminded + begun + ending + ended, stopped_now

    def _judge_renewals(self) -> None:
        """Stripe was asked to end the subscriptions of those who are away, and of nobody else."""
        for user, goes_on in self.subscribers.items():
            row = self.memory.facts.users.get(user)
            is_away = row is None or not row["is_active"] or row["erase_at"]
            is_ended = f"sub_{user}" in stopped
            if is_ended and not is_away:
                raise Broken(f"Stripe was asked to end what #{user} pays for")
            if row and is_away and goes_on and not is_ended:
                raise Broken(f"#{user} is away, and goes on to pay")
        stopped.clear()

    @act(needs="is_bouncing")
    def let_mail_through(self) -> bool:
        address = UndeliverableAddress.objects.first()
        if address is None:
            return False
        let_mail_through(address, by=self.boss)
        return True

    @act(needs="terms", version=st.sampled_from(("1", "2", "3")))
    def change_terms(self, version: str) -> bool:
        was = conf.TERMS_VERSION
        if not was:
            return False
        world.become({"TERMS_VERSION": version})
        return was != version
