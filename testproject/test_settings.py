"""The settings of the tests: a plain project, on the database that the environment names."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.contrib.auth import hashers
from django.core import mail

from django_useraccounts import timing


def database(url: str) -> dict[str, Any]:
    """
    Read ``sqlite:///path``, ``postgresql://user:password@host:port/name`` or ``mariadb://…``.

    ``pgbouncer://…`` is PostgreSQL behind a pool of connections in transaction mode.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return _sqlite(parts.path)
    engine, options = {
        "postgresql": ("django.db.backends.postgresql", {}),
        "pgbouncer": ("django.db.backends.postgresql", {}),
        "mariadb": ("django.db.backends.mysql", {"charset": "utf8mb4"}),
    }[parts.scheme]
    return {
        "ENGINE": engine,
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
        # A cursor of the server belongs to a connection, and the next transaction has another.
        "DISABLE_SERVER_SIDE_CURSORS": parts.scheme == "pgbouncer",
    }


def _sqlite(path: str) -> dict[str, Any]:
    """
    Describe a SQLite file that several threads can write at once, as live servers and races do.

    A database in memory would be one connection that all threads share. A transaction takes the
    write lock when it begins, because one that asks for it later is refused without waiting.
    """
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=wal; PRAGMA synchronous=off",
        },
        "TEST": {"NAME": f"{path}-test"},
    }


def _temporary_folder() -> Path:
    folder = tempfile.mkdtemp(prefix="useraccounts-tests-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


class QuickArgon2(hashers.Argon2PasswordHasher):
    """Argon2 as in production, but with the least effort it allows: tests log in a lot."""

    time_cost = 1
    memory_cost = 8
    parallelism = 1


DATABASES = {
    "default": database(
        os.environ.get("USERACCOUNTS_TEST_DATABASE")
        or f"sqlite://{_temporary_folder() / 'db.sqlite3'}"
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

SECRET_KEY = "a secret of the tests"
ROOT_URLCONF = "tests.urls"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_useraccounts",
    "django_useraccounts.invitations",
    "django_useraccounts.memberships",
    "django_useraccounts.sessions",
    "django_useraccounts.social",
    "testproject.guild",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
# The room of sessions does nothing without its middleware, which its own tests put there: so the
# statements that others count are those of a site without it.
SILENCED_SYSTEM_CHECKS = ["useraccounts_sessions.E001"]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
STATIC_URL = "static/"
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True

AUTH_USER_MODEL = "useraccounts.User"
PASSWORD_HASHERS = ["testproject.test_settings.QuickArgon2"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
USERACCOUNTS = {"ORIGIN": "http://testserver", "MAIL_DELIVERY": "immediate"}
# Nobody looks at the clock, but tests/ground/test_timing.py.
timing.STEP = 0

# Django 6.1 describes mailers in MAILERS and deprecates EMAIL_BACKEND.
if hasattr(mail, "mailers"):
    MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
else:
    EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
DEFAULT_FROM_EMAIL = "The Artists' Guild <guild@example.com>"
