"""The settings of the state machine: those of the tests, with all in memory, and a provider."""

from typing import Any

from django.core import mail

from testproject.test_settings import *  # noqa: F403
from testproject.test_settings import TEMPLATES as _TEMPLATES

DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
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
    "optional-usernames": {"USERNAME": "optional", "TERMS_VERSION": "1"},
    "connect-by-email": {
        "SOCIAL": {"PROVIDERS": {"guild": PROVIDER}, "CONNECT_BY_EMAIL": True},
        "TERMS_VERSION": "1",
    },
}
