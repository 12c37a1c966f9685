"""People have an address only, by a user model without a column for usernames."""

from tests.projects.base import *  # noqa: F403
from tests.projects.has import Has

AUTH_USER_MODEL = "useraccounts.EmailUser"
HAS = Has(username="off", logs_in_by=frozenset({"email"}))
