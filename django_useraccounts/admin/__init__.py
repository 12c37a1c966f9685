"""
The administration: what the person on duty sees, and does by the same flows as everybody.

A project with a user model of its own registers it so::

    from django_useraccounts.admin import UserAdmin

    admin.site.register(Member, UserAdmin)
"""

from .records import AccountEventAdmin, OutgoingMailAdmin, UndeliverableAddressAdmin
from .roles import RoleAdmin, RoleGrantAdmin
from .users import UserAdmin

__all__ = [
    "AccountEventAdmin",
    "OutgoingMailAdmin",
    "RoleAdmin",
    "RoleGrantAdmin",
    "UndeliverableAddressAdmin",
    "UserAdmin",
]
