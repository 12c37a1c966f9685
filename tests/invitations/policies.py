"""How the sites of these tests answer."""

from collections.abc import Collection

from django_useraccounts.models import AbstractUser
from django_useraccounts.policy import Policy


class AnyRole(Policy):
    """Who has the permission gives others any role."""

    def may_grant(self, user: AbstractUser, role_names: Collection[str]) -> bool:
        return user.has_perm("useraccounts.add_rolegrant")
