"""People come in at once, and confirm the address later."""

from tests.projects.base import *  # noqa: F403
from tests.projects.has import Has

USERACCOUNTS = {**USERACCOUNTS, "CONFIRM_EMAIL_BEFORE_LOGIN": False}  # noqa: F405
HAS = Has(at_once=True)
