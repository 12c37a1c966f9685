"""Whose account an administrator may touch."""

from typing import Any

from django.contrib.auth.models import Permission
from django.db.models import Q

from ..models import AbstractUser


def may_change(admin: Any, user: AbstractUser) -> bool:
    """
    Say whether ``admin`` may change the account of ``user``: only if that holds no greater rights.

    Whoever can give an account another address, and then a password, can do all that it may do.
    """
    if admin.is_superuser or admin == user:
        return True
    if user.is_superuser:
        return False
    # Not get_all_permissions(): an account that is off has none, until it is switched on.
    held = Permission.objects.filter(Q(user=user.pk) | Q(group__user=user.pk))
    names = held.values_list("content_type__app_label", "codename")
    own: set[str] = admin.get_all_permissions()
    return {f"{label}.{codename}" for label, codename in names} <= own
