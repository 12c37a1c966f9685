"""Users have more columns: a birthday, asked for when they register, and a motto."""

from tests.projects.base import *  # noqa: F403
from tests.projects.has import Has

INSTALLED_APPS = [*INSTALLED_APPS, "tests.projects.members"]  # noqa: F405
AUTH_USER_MODEL = "members.Member"
ROOT_URLCONF = "tests.projects.members.urls"
HAS = Has(asks={"birthday": "1907-07-06", "how_did_you_find_us": "By a friend."})
