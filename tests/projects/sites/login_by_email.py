"""Usernames are shown, and people log in with the address."""

from tests.projects.base import *  # noqa: F403
from tests.projects.has import Has

USERACCOUNTS = {**USERACCOUNTS, "LOGIN_BY": "email"}  # noqa: F405
HAS = Has(logs_in_by=frozenset({"email"}))
