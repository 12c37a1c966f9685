"""What all projects share: the settings of the tests, with a database and pages of their own."""

import os

from testproject.test_settings import *  # noqa: F403

_NAME = os.environ["DJANGO_SETTINGS_MODULE"].rpartition(".")[2]

# So that projects which are tested side by side do not meet in one database.
_DATABASE = DATABASES["default"]  # noqa: F405
_PREFIX = f"{_DATABASE['NAME']}-" if "sqlite3" in _DATABASE["ENGINE"] else "test_useraccounts_"
_DATABASE["TEST"] = {"NAME": f"{_PREFIX}{_NAME}"}

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_useraccounts",
]
ROOT_URLCONF = "tests.projects.urls"
LANGUAGE_CODE = "en"
