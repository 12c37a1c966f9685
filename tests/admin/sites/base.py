"""What the projects with other user models share."""

import os

from testproject.test_settings import *  # noqa: F403

_NAME = os.environ["DJANGO_SETTINGS_MODULE"].rpartition(".")[2]

# So that projects which are tested side by side do not meet in one database.
_DATABASE = DATABASES["default"]  # noqa: F405
_PREFIX = f"{_DATABASE['NAME']}-" if "sqlite3" in _DATABASE["ENGINE"] else "test_useraccounts_"
_DATABASE["TEST"] = {"NAME": f"{_PREFIX}admin_{_NAME}"}

INSTALLED_APPS = [app for app in INSTALLED_APPS if app != "testproject.guild"]  # noqa: F405
ROOT_URLCONF = "tests.admin.sites.urls"
EXTRA = {}
