"""Whose account an administrator may touch."""

from typing import Any

from django.contrib.auth import get_permission_codename, get_user_model
from django.contrib.auth.models import Permission
from django.db.models import Q

from ..models import AbstractUser, Role, RoleGrant
from ..roles.rights import may_grant


def may_change(admin: Any, user: AbstractUser) -> bool:
    """
    Say whether ``admin`` may change the account of ``user``: only if that opens nothing more.

    Whoever can give an account another address, and then a password, can do all that it may do.
    """
    if admin.is_superuser or admin == user:
        return True
    return not user.is_superuser and _has_rights_of(admin, user) and _may_have_roles_of(admin, user)


def may_export(admin: Any) -> bool:
    """Say whether ``admin`` may see users and their grants, and so take both away as a file."""
    opts = get_user_model()._meta
    of_users = f"{opts.app_label}.{get_permission_codename('view', opts)}"
    return bool(admin.has_perms(["useraccounts.view_rolegrant", of_users]))


def _has_rights_of(admin: Any, user: AbstractUser) -> bool:
    """Say whether ``admin`` has every permission that ``user`` has, be it by a group."""
    # Not get_all_permissions(): an account that is off has none, until it is switched on.
    held = Permission.objects.filter(Q(user=user.pk) | Q(group__user=user.pk))
    names = held.values_list("content_type__app_label", "codename")
    own: set[str] = admin.get_all_permissions()
    return {f"{label}.{codename}" for label, codename in names} <= own


def _may_have_roles_of(admin: Any, user: AbstractUser) -> bool:
    """
    Say whether ``admin`` has, or may grant, every role that ``user`` has or will have.

    Either way the permissions that the role carries are the admin's own, too.
    """
    grants = RoleGrant.objects.lasting().filter(user=user.pk)
    roles = Role.objects.filter(pk__in=grants.values("role")).exclude(name__in=admin.role_names)
    others = list(roles)
    return not others or may_grant(admin, others)
