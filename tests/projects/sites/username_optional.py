"""People have an address, and a username if they want one."""

from tests.projects.base import *  # noqa: F403
from tests.projects.has import Has

USERACCOUNTS = {**USERACCOUNTS, "USERNAME": "optional"}  # noqa: F405
HAS = Has(username="optional")
