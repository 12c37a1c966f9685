"""What begins and ends the sessions of people."""

from .beginning import record_session
from .disowning import disown_login
from .ending import end_other_sessions, end_session, forget_devices, record_logout

__all__ = [
    "disown_login",
    "end_other_sessions",
    "end_session",
    "forget_devices",
    "record_logout",
    "record_session",
]
