"""
Users without a column for usernames, whose model the app registers itself; it stands before those
of Django.
"""

from tests.admin.sites.base import *  # noqa: F403

AUTH_USER_MODEL = "useraccounts.EmailUser"
INSTALLED_APPS = sorted(INSTALLED_APPS, key=lambda app: not app.startswith("django_useraccounts"))  # noqa: F405
