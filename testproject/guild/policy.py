"""What the guild decides otherwise than the accounts do by themselves."""

from collections.abc import Collection
from datetime import timedelta

from django.http import HttpRequest

from django_useraccounts.models import AbstractUser
from django_useraccounts.policy import Policy

#: Which roles who has a role may give: what a host may make of a guest, and what the desk sells.
GIVEN_BY = {
    "host": {"artist", "programmer", "funny"},
    "desk": {"member", "newcomer"},
}


class GuildPolicy(Policy):
    """Hosts invite people, the desk gives memberships, and everybody begins as a newcomer."""

    def may_invite(self, user: AbstractUser, *, request: HttpRequest | None) -> bool:
        return user.has_roles("host") or super().may_invite(user, request=request)

    def may_grant(self, user: AbstractUser, role_names: Collection[str]) -> bool:
        own = {name for role, names in GIVEN_BY.items() if user.has_roles(role) for name in names}
        return own.issuperset(role_names) or super().may_grant(user, role_names)

    def default_roles(self, user: AbstractUser) -> Collection[str]:
        return ("newcomer",)

    def grace(self, role_name: str) -> timedelta:
        # Nobody is shown the door on the very day on which the fee is due.
        return timedelta(days=3 if role_name == "member" else 0)
