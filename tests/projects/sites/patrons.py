"""People have an address only, and a column of the project's own."""

from tests.projects.base import *  # noqa: F403
from tests.projects.has import Has

INSTALLED_APPS = [*INSTALLED_APPS, "tests.projects.patrons"]  # noqa: F405
AUTH_USER_MODEL = "patrons.Patron"
HAS = Has(username="off", logs_in_by=frozenset({"email"}))
