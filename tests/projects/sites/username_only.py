"""People have a username only, and there is no mail server."""

from tests.projects.base import *  # noqa: F403
from tests.projects.has import Has

USERACCOUNTS = {**USERACCOUNTS, "EMAIL": "off"}  # noqa: F405
HAS = Has(email=False, logs_in_by=frozenset({"username"}), at_once=True)
