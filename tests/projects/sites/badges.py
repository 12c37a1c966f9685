"""
Users are told apart by UUIDs and portraits, come in before they have confirmed, and have all rooms.

They invite, pay, see where they are logged in, and log in by a provider.
"""

from tests.projects.base import *  # noqa: F403
from tests.projects.has import Has

INSTALLED_APPS = [
    *INSTALLED_APPS,  # noqa: F405
    "tests.projects.badges",
    "django_useraccounts.invitations",
    "django_useraccounts.memberships",
    "django_useraccounts.sessions",
    "django_useraccounts.social",
]
_PLACE = MIDDLEWARE.index("django.contrib.auth.middleware.AuthenticationMiddleware") + 1  # noqa: F405
_SESSIONS = "django_useraccounts.sessions.middleware.SessionsMiddleware"
MIDDLEWARE = [*MIDDLEWARE[:_PLACE], _SESSIONS, *MIDDLEWARE[_PLACE:]]  # noqa: F405
AUTH_USER_MODEL = "badges.Holder"
USERACCOUNTS = {**USERACCOUNTS, "CONFIRM_EMAIL_BEFORE_LOGIN": False}  # noqa: F405
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
HAS = Has(at_once=True)
