"""The tables: users, addresses, roles, one-time secrets, mail, exports, events, attempts."""

from .emails import UserEmail
from .events import AccountEvent
from .exports import AccountExport
from .limits import AttemptCounter
from .mail import OutgoingMail
from .roles import Role, RoleGrant
from .secrets import OneTimeSecret
from .undeliverable import UndeliverableAddress
from .usernames import OldUsername
from .users import AbstractEmailUser, AbstractUser, EmailUser, User, UserManager

__all__ = [
    "AbstractEmailUser",
    "AbstractUser",
    "AccountEvent",
    "AccountExport",
    "AttemptCounter",
    "EmailUser",
    "OldUsername",
    "OneTimeSecret",
    "OutgoingMail",
    "Role",
    "RoleGrant",
    "UndeliverableAddress",
    "User",
    "UserEmail",
    "UserManager",
]
