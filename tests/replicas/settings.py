"""A site with a primary database and a copy that follows whenever a test says so."""

import os

from testproject.test_settings import *  # noqa: F403
from testproject.test_settings import DATABASES, INSTALLED_APPS, MIDDLEWARE, database

_PRIMARY = DATABASES["default"]
_FILE = _PRIMARY["NAME"]
_COPY = database(os.environ.get("USERACCOUNTS_TEST_DATABASE") or f"sqlite://{_FILE}-replica")
# Neither the database of the suite nor one another.
if "sqlite3" not in _PRIMARY["ENGINE"]:
    _PRIMARY["TEST"] = {"NAME": "test_useraccounts_primary"}
    _COPY["TEST"] = {"NAME": "test_useraccounts_replica"}
DATABASES["replica"] = _COPY
DATABASE_ROUTERS = ["tests.replicas.follow.Router"]
INSTALLED_APPS = [*INSTALLED_APPS, "tests.replicas.gallery"]
_PLACE = MIDDLEWARE.index("django.contrib.auth.middleware.AuthenticationMiddleware") + 1
_SESSIONS = "django_useraccounts.sessions.middleware.SessionsMiddleware"
MIDDLEWARE = [*MIDDLEWARE[:_PLACE], _SESSIONS, *MIDDLEWARE[_PLACE:]]
