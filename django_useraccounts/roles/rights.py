"""Who may give and take which roles: what policy says, and what holds whatever it says."""

from collections import defaultdict
from collections.abc import Sequence

from django.contrib.auth.models import Permission
from django.db.models import QuerySet

from ..errors import MayNotGrant
from ..models import AbstractUser, Role
from ..policy import policy


def may_grant(by: AbstractUser, roles: Sequence[Role]) -> bool:
    """
    Say whether ``by`` may give others these roles, all of them, and take them away.

    Nobody gives more than they have: a role that carries a Django permission is for those to give
    who have the permission themselves, since a friend can be made to use it.
    """
    # A policy that lets everybody grant means nobody whose account is off or closed.
    if not by.is_active or by.is_closed:
        return False
    is_granted = policy().may_grant(by, [role.name for role in roles])
    return is_granted and (by.is_superuser or _all_carried(roles) <= by.get_all_permissions())


def roles_to_give(by: AbstractUser) -> QuerySet[Role]:
    """Return the roles that ``by`` may give others, each by itself; two statements for all."""
    roles = list(Role.objects.all())
    carried, own = _carried(roles), by.get_all_permissions()
    given = [
        role.pk
        for role in roles
        if policy().may_grant(by, [role.name])
        and (by.is_superuser or carried.get(role.pk, set()) <= own)
    ]
    return Role.objects.filter(pk__in=given if by.is_active and not by.is_closed else ())


def refuse_to_grant(by: AbstractUser | None, user: AbstractUser, roles: Sequence[Role]) -> None:
    """Raise MayNotGrant where ``by``, a person, may not give these roles to ``user``."""
    if by is None:
        return
    # Who could give roles to oneself would have all that may be given.
    is_own = by.pk == user.pk and not by.is_superuser
    if is_own or not may_grant(by, roles):
        raise MayNotGrant


def refuse_to_revoke(by: AbstractUser | None, user: AbstractUser, role: Role) -> None:
    """Raise MayNotGrant where ``by``, a person, may not take this role from ``user``."""
    # Everybody may give up what is their own.
    if by is not None and by.pk != user.pk and not may_grant(by, [role]):
        raise MayNotGrant


def _carried(roles: Sequence[Role]) -> dict[int, set[str]]:
    """Return the names of the permissions of each role that carries some, by its key."""
    carried: defaultdict[int, set[str]] = defaultdict(set)
    permissions = Permission.objects.filter(roles__in=roles)
    names = permissions.values_list("roles", "content_type__app_label", "codename")
    for pk, label, codename in names:
        carried[pk].add(f"{label}.{codename}")
    return carried


def _all_carried(roles: Sequence[Role]) -> set[str]:
    return set().union(*_carried(roles).values())
