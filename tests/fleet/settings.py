"""The settings of one machine of the fleet: connections that last, and what all machines share."""

import os

from django.core import mail

from testproject.test_settings import *  # noqa: F403
from testproject.test_settings import DATABASES, MIDDLEWARE

ALLOWED_HOSTS = ["127.0.0.1"]
_PLACE = MIDDLEWARE.index("django.contrib.auth.middleware.AuthenticationMiddleware") + 1
MIDDLEWARE = [
    *MIDDLEWARE[:_PLACE],
    "django_useraccounts.sessions.middleware.SessionsMiddleware",
    *MIDDLEWARE[_PLACE:],
]
# The very database of the test that has started it.
DATABASES["default"] |= {
    "NAME": os.environ["FLEET_DATABASE"],
    "CONN_MAX_AGE": None,
    "CONN_HEALTH_CHECKS": True,
}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": os.environ["FLEET_REDIS"],
    }
}
USERACCOUNTS = {
    "ORIGIN": "http://testserver",
    "MAIL_DELIVERY": "thread",
    "PROXIES": 1,
    # Of the budgets only one refuses here; and in windows that do not end during a test.
    "LIMITS": {"login": {"identifier": "7/1d", "pair": "1000/1d"}},
}
if os.environ["FLEET_KEEPS_IN"] == "redis":
    SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
    USERACCOUNTS["LIMITS"]["cache"] = "default"
_BACKEND = "tests.workers.backend.Lines"
if hasattr(mail, "mailers"):
    MAILERS = {"default": {"BACKEND": _BACKEND}}
else:
    EMAIL_BACKEND = _BACKEND
