"""Users who are told apart by UUIDs."""

from tests.admin.sites.base import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.projects.badges"]  # noqa: F405
AUTH_USER_MODEL = "badges.Holder"
