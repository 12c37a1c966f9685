"""The settings of a site behind an ASGI server: the database is that of the test."""

import os

from django.core import mail

from testproject.test_settings import *  # noqa: F403
from testproject.test_settings import DATABASES, MIDDLEWARE

ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "tests.asgi.child_urls"
DATABASES["default"]["NAME"] = os.environ["SITE_DATABASE"]
USERACCOUNTS = {
    "SITE_NAME": "The Artists' Guild",
    "ORIGIN": os.environ["SITE_ORIGIN"],
    "MAIL_DELIVERY": "thread",
    # The site is its own provider, so one request of it waits for others.
    "SOCIAL": {
        "PROVIDERS": {
            "guild": {
                "ISSUER": f"{os.environ['SITE_ORIGIN']}/provider",
                "CLIENT_ID": "guild-site",
                "CLIENT_SECRET": "secret-of-the-guild-site",
                "DOMAINS": ("guild.example",),
            }
        }
    },
}
PASSWORD_HASHERS = ["tests.asgi.slowness.SlowArgon2"]
LOGIN_REDIRECT_URL = "async_studio"

_after = MIDDLEWARE.index("django.contrib.auth.middleware.AuthenticationMiddleware") + 1
MIDDLEWARE = [
    "tests.asgi.slowness.noting_who_is_gone",
    *MIDDLEWARE[:_after],
    "django_useraccounts.sessions.middleware.SessionsMiddleware",
    *MIDDLEWARE[_after:],
]
if os.environ.get("SITE_HAS_OLD_MIDDLEWARE"):
    MIDDLEWARE.insert(3, "tests.asgi.slowness.of_another_time")

_BACKEND = "tests.asgi.slowness.SlowMailbox"
if hasattr(mail, "mailers"):
    MAILERS = {"default": {"BACKEND": _BACKEND}}
else:
    EMAIL_BACKEND = _BACKEND

# What goes wrong is read by the test from what the process says; who may not enter is nothing wrong.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"django.request": {"level": "ERROR"}},
}
