"""The tables: users, their addresses and roles, one-time secrets, mail, events, attempts."""

from .emails import UserEmail
from .events import AccountEvent
from .limits import AttemptCounter
from .mail import OutgoingMail
from .roles import Role, RoleGrant
from .secrets import OneTimeSecret
from .users import AbstractUser, User, UserManager

__all__ = [
    "AbstractUser",
    "AccountEvent",
    "AttemptCounter",
    "OneTimeSecret",
    "OutgoingMail",
    "Role",
    "RoleGrant",
    "User",
    "UserEmail",
    "UserManager",
]
