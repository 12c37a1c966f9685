"""Who leaves, who comes back, and what is left."""

from .closing import close_account, reopen_account, reopen_at_login
from .erasing import erase_account, erase_due
from .exporting import fetch_export, make_due_exports, request_export

__all__ = [
    "close_account",
    "erase_account",
    "erase_due",
    "fetch_export",
    "make_due_exports",
    "reopen_account",
    "reopen_at_login",
    "request_export",
]
