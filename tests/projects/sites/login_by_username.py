"""People log in with the username, and the address is for mail."""

from tests.projects.base import *  # noqa: F403
from tests.projects.has import Has

USERACCOUNTS = {**USERACCOUNTS, "LOGIN_BY": "username"}  # noqa: F405
HAS = Has(logs_in_by=frozenset({"username"}))
