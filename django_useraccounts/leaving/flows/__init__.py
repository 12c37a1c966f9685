"""Who leaves, who comes back, and what is left."""

from .closing import close_account, reopen_account, reopen_at_login
from .erasing import erase_account, erase_due

__all__ = [
    "close_account",
    "erase_account",
    "erase_due",
    "reopen_account",
    "reopen_at_login",
]
