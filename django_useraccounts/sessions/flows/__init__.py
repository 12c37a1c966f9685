"""What begins and ends the sessions of people."""

from .beginning import record_session
from .disowning import disown_login
from .ending import end_logged_out, end_other_sessions, end_session, forget_devices

__all__ = [
    "disown_login",
    "end_logged_out",
    "end_other_sessions",
    "end_session",
    "forget_devices",
    "record_session",
]
