"""Whose account an administrator may touch."""

from typing import Any

from django.contrib.auth.models import Permission
from django.db.models import Q

from ..models import AbstractUser, RoleGrant


def may_change(admin: Any, user: AbstractUser) -> bool:
    """
    Say whether ``admin`` may change the account of ``user``: only if that opens nothing more.

    Whoever can give an account another address, and then a password, can do all that it may do.
    """
    return admin == user or (holds_no_less(admin, user) and _may_have_roles_of(admin, user))


def holds_no_less(admin: Any, user: AbstractUser) -> bool:
    """Say whether ``admin`` has every permission of ``user``; a superuser has more than others."""
    if admin.is_superuser:
        return True
    if user.is_superuser:
        return False
    # Not get_all_permissions(): an account that is off has none, until it is switched on.
    held = Permission.objects.filter(Q(user=user.pk) | Q(group__user=user.pk))
    names = held.values_list("content_type__app_label", "codename")
    own: set[str] = admin.get_all_permissions()
    return {f"{label}.{codename}" for label, codename in names} <= own


def _may_have_roles_of(admin: Any, user: AbstractUser) -> bool:
    """Say whether ``admin`` has, or may grant, every role that ``user`` has or will have."""
    if admin.has_perm("useraccounts.add_rolegrant"):
        return True
    grants = RoleGrant.objects.lasting().filter(user=user.pk)
    own: frozenset[str] = admin.role_names
    return own.issuperset(grants.values_list("role__name", flat=True))
