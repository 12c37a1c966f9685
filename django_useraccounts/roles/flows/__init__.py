"""Give and take roles, say which there are, and remind of their end."""

from .grants import extend_grant, grant_default_roles, grant_role, revoke_grant, revoke_role
from .names import Sync, rename_role, sync_roles
from .reminders import remind_of_ends

__all__ = [
    "Sync",
    "extend_grant",
    "grant_default_roles",
    "grant_role",
    "remind_of_ends",
    "rename_role",
    "revoke_grant",
    "revoke_role",
    "sync_roles",
]
