"""
The administration: what the person on duty sees, and does by the same flows as everybody.

A project with a user model of its own registers it so::

    from django_useraccounts.admin import UserAdmin

    admin.site.register(Member, UserAdmin)
"""

from django.contrib.admin import AdminSite

from .groups import GroupAdmin
from .login import AdminLoginForm, answering_as_ours
from .records import AccountEventAdmin, OutgoingMailAdmin, UndeliverableAddressAdmin
from .roles import RoleAdmin, RoleGrantAdmin
from .users import UserAdmin

# For every site that has chosen no form of its own.
if AdminSite.login_form is None:
    AdminSite.login_form = AdminLoginForm
# Django asks nobody what its answer is to be.
AdminSite.login = answering_as_ours(AdminSite.login)  # type: ignore[method-assign]

__all__ = [
    "AccountEventAdmin",
    "GroupAdmin",
    "OutgoingMailAdmin",
    "RoleAdmin",
    "RoleGrantAdmin",
    "UndeliverableAddressAdmin",
    "UserAdmin",
]
