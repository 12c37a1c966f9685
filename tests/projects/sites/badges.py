"""Users are told apart by UUIDs and portraits, come in before they have confirmed, invite, and pay."""

from tests.projects.base import *  # noqa: F403
from tests.projects.has import Has

INSTALLED_APPS = [
    *INSTALLED_APPS,  # noqa: F405
    "tests.projects.badges",
    "django_useraccounts.invitations",
    "django_useraccounts.memberships",
]
AUTH_USER_MODEL = "badges.Holder"
USERACCOUNTS = {**USERACCOUNTS, "CONFIRM_EMAIL_BEFORE_LOGIN": False}  # noqa: F405
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
HAS = Has(at_once=True)
