"""The settings of the tests, with users who are told apart by UUIDs."""

from testproject.test_settings import *  # noqa: F403
from testproject.test_settings import DATABASES, INSTALLED_APPS
from tests.projects.sites.badges import STORAGES  # noqa: F401 - pictures stay in memory

_DATABASE = DATABASES["default"]
if "sqlite3" not in _DATABASE["ENGINE"]:
    # The server has the tests of the other user model, too.
    _DATABASE["TEST"] = {"NAME": "test_useraccounts_uuids"}
INSTALLED_APPS = [*INSTALLED_APPS, "tests.projects.badges"]
AUTH_USER_MODEL = "badges.Holder"
