"""The settings of the tests on a PostgreSQL whose transactions are SERIALIZABLE."""

from django.db.backends.postgresql.psycopg_any import IsolationLevel

from testproject.test_settings import *  # noqa: F403
from testproject.test_settings import DATABASES

DATABASES["default"]["OPTIONS"] = {"isolation_level": IsolationLevel.SERIALIZABLE}
