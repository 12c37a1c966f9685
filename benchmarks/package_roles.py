"""The same three roles, as django-role-permissions has them: classes."""

from rolepermissions.roles import AbstractUserRole


class Starving(AbstractUserRole):
    available_permissions = {"eat": True}


class Artist(AbstractUserRole):
    available_permissions = {"paint": True}


class Member(AbstractUserRole):
    available_permissions = {"vote": True}
