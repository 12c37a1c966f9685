"""People have an address only, by a setting: the column for usernames stays empty."""

from tests.projects.base import *  # noqa: F403
from tests.projects.has import Has

USERACCOUNTS = {**USERACCOUNTS, "USERNAME": "off"}  # noqa: F405
HAS = Has(username="off", logs_in_by=frozenset({"email"}))
