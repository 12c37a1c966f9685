"""The settings of the three projects: those of a new Django project, and what each app asks for."""

import os
from pathlib import Path
from typing import Any

import django

#: Of an app: other apps, middleware, and settings.
_OURS = {
    "AUTH_USER_MODEL": "useraccounts.User",
    "USERACCOUNTS": {"ORIGIN": "http://testserver", "SITE_NAME": "My site"},
}
_ALLAUTH = {
    "AUTHENTICATION_BACKENDS": [
        "django.contrib.auth.backends.ModelBackend",
        "allauth.account.auth_backends.AuthenticationBackend",
    ],
    # People log in by both, and confirm an address first, as with ours.
    "ACCOUNT_LOGIN_METHODS": {"username", "email"},
    "ACCOUNT_SIGNUP_FIELDS": ["username*", "email*", "password1*", "password2*"],
    "ACCOUNT_EMAIL_VERIFICATION": "mandatory",
    "ROLEPERMISSIONS_MODULE": "benchmarks.package_roles",
}
_OWN: dict[str, tuple[list[str], list[str], dict[str, Any]]] = {
    "ours": (["django_useraccounts"], [], _OURS),
    "stock": ([], [], {}),
    "allauth": (
        ["allauth", "allauth.account", "rolepermissions"],
        ["allauth.account.middleware.AccountMiddleware"],
        _ALLAUTH,
    ),
}
_VALIDATORS = (
    "UserAttributeSimilarityValidator",
    "MinimumLengthValidator",
    "CommonPasswordValidator",
    "NumericPasswordValidator",
)


def settings_of(kind: str, database: dict[str, Any]) -> dict[str, Any]:
    """Return all settings of a project, with a connection that stays open."""
    apps, middleware, own = _OWN[kind]
    return {
        "SECRET_KEY": "a secret of the benchmark",
        "ALLOWED_HOSTS": ["testserver", "127.0.0.1"],
        "DATABASES": {"default": {**database, "CONN_MAX_AGE": None}},
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "INSTALLED_APPS": [
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            "django.contrib.staticfiles",
            *apps,
        ],
        "MIDDLEWARE": [
            "django.middleware.security.SecurityMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
            *middleware,
        ],
        "ROOT_URLCONF": f"benchmarks.side_by_side.urls.{kind}",
        "TEMPLATES": [_templates()],
        "STATIC_URL": "static/",
        "LOGIN_URL": "/accounts/login/",
        "AUTH_PASSWORD_VALIDATORS": [
            {"NAME": f"django.contrib.auth.password_validation.{name}"} for name in _VALIDATORS
        ],
        "PASSWORD_HASHERS": [f"benchmarks.side_by_side.hashers.{_hasher()}"],
        "USE_TZ": True,
        # Refusals are written to the log by some: each makes its record, nobody prints it.
        "LOGGING": {
            "version": 1,
            "disable_existing_loggers": False,
            "handlers": {"null": {"class": "logging.NullHandler"}},
            "root": {"handlers": ["null"], "level": "WARNING"},
        },
        **_mail(),
        **own,
    }


def _hasher() -> str:
    return "Cheap" if os.environ.get("BENCHMARK_HASHER") == "cheap" else "Full"


def _templates() -> dict[str, Any]:
    return {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }


def _mail() -> dict[str, Any]:
    """Return where mail goes; Django 6.1 describes mailers in MAILERS."""
    backend = "django.core.mail.backends.locmem.EmailBackend"
    if django.VERSION >= (6, 1):
        return {"MAILERS": {"default": {"BACKEND": backend}}}
    return {"EMAIL_BACKEND": backend}
