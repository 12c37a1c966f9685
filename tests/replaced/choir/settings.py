"""The settings of the choir: those of the tests, and after them what it has replaced."""

from pathlib import Path

from django.core import mail

from testproject.test_settings import *  # noqa: F403
from testproject.test_settings import TEMPLATES

HERE = Path(__file__).parent

ROOT_URLCONF = "choir.urls"
INSTALLED_APPS = [
    "choir",
    "keys",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_useraccounts",
]
USERACCOUNTS = {
    "ORIGIN": "http://testserver",
    "SITE_NAME": "The Harbour Choir",
    "MAIL_DELIVERY": "immediate",
}

TEMPLATES[0]["DIRS"] = [HERE / "templates"]

TEMPLATES[0]["OPTIONS"]["context_processors"].append("choir.context_processors.rehearsal")

LOCALE_PATHS = [HERE / "locale"]

AUTH_USER_MODEL = "choir.Singer"

LOGIN_REDIRECT_URL = "landing"

USERACCOUNTS["POLICY"] = "choir.policy.ChoirPolicy"

USERACCOUNTS["LIMITS"] = {"login": {"identifier": "2/1h"}}

DEFAULT_FROM_EMAIL = "The Harbour Choir <letters@choir.example>"

if hasattr(mail, "mailers"):
    MAILERS = {"default": {"BACKEND": "choir.postman.Postman"}}
else:
    EMAIL_BACKEND = "choir.postman.Postman"

CHOIR_IS_FULL = False
