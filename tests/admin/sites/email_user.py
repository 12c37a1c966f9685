"""Users without a column for usernames, whose model the app registers itself."""

from tests.admin.sites.base import *  # noqa: F403

AUTH_USER_MODEL = "useraccounts.EmailUser"
