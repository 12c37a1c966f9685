"""The settings of the state machine: those of the tests, with all in memory, and a provider."""

from datetime import timedelta
from typing import Any

from django.core import mail

from testproject.test_settings import *  # noqa: F403
from testproject.test_settings import MIDDLEWARE as _MIDDLEWARE
from testproject.test_settings import TEMPLATES as _TEMPLATES

_place = _MIDDLEWARE.index("django.contrib.auth.middleware.AuthenticationMiddleware") + 1
_OURS = "django_useraccounts.sessions.middleware.SessionsMiddleware"
MIDDLEWARE = [*_MIDDLEWARE[:_place], _OURS, *_MIDDLEWARE[_place:]]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": ":memory:",
        # There are more statements than the 128 that the driver keeps ready.
        "OPTIONS": {"cached_statements": 2000},
    }
}
_POSTMAN = "tests.machine.world.Postman"
if hasattr(mail, "mailers"):
    MAILERS = {"default": {"BACKEND": _POSTMAN}}
else:
    EMAIL_BACKEND = _POSTMAN
TEMPLATES = [{**_TEMPLATES[0], "BACKEND": "tests.machine.world.Press"}]
ALLOWED_HOSTS = ["testserver"]
LOGGING_CONFIG = None

#: The provider that people log in with; it has authority over its own domain alone.
PROVIDER = {
    "ISSUER": "https://id.guild.example",
    "CLIENT_ID": "the-site",
    "CLIENT_SECRET": "the-secret",
    "LABEL": "The Guild",
    "DOMAINS": ("guild.example",),
}
#: Where Stripe has its pages.
STRIPE = "https://stripe.example/"
USERACCOUNTS: dict[str, Any] = {
    "ORIGIN": "http://testserver",
    "MAIL_DELIVERY": "immediate",
    "SOCIAL": {"PROVIDERS": {"guild": PROVIDER}},
    "MEMBERSHIPS": {
        "STRIPE_SECRET_KEY": "sk_test_of_the_tests",
        "STRIPE_WEBHOOK_SECRET": "whsec_of_the_tests",
    },
}
#: How sites differ: each run of the machine is one of these, by what it changes.
SITES: dict[str, dict[str, Any]] = {
    "plain": {},
    "confirm-later": {"CONFIRM_EMAIL_BEFORE_LOGIN": False},
    "one-address": {"EMAILS_PER_USER": 1},
    "without-usernames": {"USERNAME": "off"},
    "short-sessions": {
        "SESSIONS": {
            "IDLE_MAX_AGE": timedelta(hours=2),
            "MAX_AGE": timedelta(hours=9),
            "PER_USER": 2,
        },
    },
    "optional-usernames": {"USERNAME": "optional", "TERMS_VERSION": "1"},
    "connect-by-email": {
        "SOCIAL": {"PROVIDERS": {"guild": PROVIDER}, "CONNECT_BY_EMAIL": True},
        "TERMS_VERSION": "1",
    },
    "login-by-email": {"LOGIN_BY": "email"},
    "login-by-username": {"LOGIN_BY": "username"},
    "without-addresses": {"EMAIL": "off"},
    # Accounts come by an invitation, or by the administration.
    "closed": {"POLICY": "tests.attacks.broken.ClosedPolicy"},
}
