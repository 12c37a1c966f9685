"""What the guild decides otherwise than the accounts do by themselves."""

from collections.abc import Collection

from django.http import HttpRequest

from django_useraccounts.models import AbstractUser
from django_useraccounts.policy import Policy

#: What a host may make of a guest.
GUESTS = frozenset({"artist", "programmer", "funny"})


class GuildPolicy(Policy):
    """Hosts invite people, too, and not only who has the permission for it."""

    def may_invite(self, user: AbstractUser, *, request: HttpRequest | None) -> bool:
        return user.has_roles("host") or super().may_invite(user, request=request)

    def may_grant(self, user: AbstractUser, role_names: Collection[str]) -> bool:
        is_for_guests = GUESTS.issuperset(role_names)
        return (user.has_roles("host") and is_for_guests) or super().may_grant(user, role_names)
