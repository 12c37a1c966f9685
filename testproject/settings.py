"""The settings of the demo: SQLite, mail into a folder, no services, no secrets worth keeping."""

import os
from importlib.util import find_spec
from pathlib import Path

from django.core import mail
from django.core.exceptions import ImproperlyConfigured

from testproject.guild.languages import spoken
from testproject.guild.roles import ROLES

BASE_DIR = Path(__file__).resolve().parent
#: Where the demo keeps its database and its mail; elsewhere if the checkout cannot be written.
VAR = Path(os.environ.get("GUILD_VAR") or BASE_DIR / "var").absolute()

# For the demo only: a real site has a key of its own, and keeps it out of its code.
SECRET_KEY = "demo-only-everybody-knows-this-key-never-use-it-for-a-real-site"
DEBUG = True
INTERNAL_IPS = ["127.0.0.1"]

INSTALLED_APPS = [
    # Before django_useraccounts, so that its templates replace those of the accounts.
    "testproject.guild",
    "django_useraccounts",
    "django_useraccounts.invitations",
    "django_useraccounts.memberships",
    "django_useraccounts.sessions",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_useraccounts.sessions.middleware.SessionsMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
# Nothing inline and nothing from elsewhere: the pages pass the strictest policy.
SECURE_CSP = {
    "default-src": ["'self'"],
    "object-src": ["'none'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
    # Chrome follows a form's redirect only to where the form itself might have gone: the till and
    # the provider of the guild, which the accounts know by one address, at whatever port.
    "form-action": ["'self'", "http://127.0.0.1:*", "http://localhost:*"],
}
if find_spec("django.middleware.csp"):  # Django >= 6.0
    MIDDLEWARE.insert(1, "django.middleware.csp.ContentSecurityPolicyMiddleware")
else:
    MIDDLEWARE.insert(1, "testproject.guild.headers.content_policy")

ROOT_URLCONF = "testproject.urls"
WSGI_APPLICATION = "testproject.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": VAR / "demo.sqlite3",
        "OPTIONS": {
            # Several requests may write at once: each waits for the lock before it reads, since a
            # transaction that asks for it later fails at once instead of waiting.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
        },
    },
}

TIME_ZONE = "UTC"

# The accounts

AUTH_USER_MODEL = "useraccounts.User"
#: What people are called in the guild: GUILD_IDENTITY names one of these ways. All of them share a
#: database, so that one guild can be tried in each.
IDENTITIES = {
    "both": {},
    "email": {"USERNAME": "off"},
    "username": {"EMAIL": "off"},
    "optional-username": {"USERNAME": "optional"},
    "login-by-email": {"LOGIN_BY": "email"},
    "confirm-later": {"CONFIRM_EMAIL_BEFORE_LOGIN": False},
    "one-address": {"EMAILS_PER_USER": 1},
    "typed-twice": {"RETYPE": ("email", "password")},
}
IDENTITY = os.environ.get("GUILD_IDENTITY") or "both"
if IDENTITY not in IDENTITIES:
    raise ImproperlyConfigured(f"GUILD_IDENTITY is one of: {', '.join(IDENTITIES)}.")
#: Which rules of the house are in force: GUILD_TERMS=2 asks everybody to accept those.
TERMS = os.environ.get("GUILD_TERMS", "")
USERACCOUNTS = {
    "SITE_NAME": "The Artists' Guild",
    "POLICY": "testproject.guild.policy.GuildPolicy",
    "TERMS_VERSION": TERMS,
    "ROLES": ROLES,
    **IDENTITIES[IDENTITY],
}
# The till of the guild is a fake Stripe of its own, see guild/till: it takes no money, and these
# keys open nothing else.
if find_spec("stripe"):
    USERACCOUNTS["MEMBERSHIPS"] = {
        "STRIPE_SECRET_KEY": "sk_test_of_the_guild",
        "STRIPE_WEBHOOK_SECRET": "whsec_of_the_guild",
    }
#: Where the library of Stripe finds it; ``manage.py demo`` knows the port better.
TILL = "http://127.0.0.1:8000/till"
# Who people can log in with. The guild's own provider is in guild/provider and asks nobody for a
# password; the others want the keys that they have given to whoever runs this demo.
if find_spec("authlib"):
    INSTALLED_APPS.insert(2, "django_useraccounts.social")
    PROVIDERS = {
        "guild": {
            "LABEL": "The Guild’s own provider",
            # ``manage.py demo`` knows the port better.
            "ISSUER": "http://127.0.0.1:8000/provider",
            "CLIENT_ID": "guild-site",
            "CLIENT_SECRET": "secret-of-the-guild-site",
            "DOMAINS": ("guild.example",),
        },
    }
    for name, origin in (
        ("google", "https://accounts.google.com"),
        ("facebook", "https://www.facebook.com"),
    ):
        wanted = ("CLIENT_ID", "CLIENT_SECRET")
        keys = {key: os.environ.get(f"{name.upper()}_{key}", "") for key in wanted}
        if all(keys.values()):
            PROVIDERS[name] = keys
            SECURE_CSP["form-action"].append(origin)
    USERACCOUNTS["SOCIAL"] = {"PROVIDERS": PROVIDERS}
LOGIN_URL = "useraccounts:login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
if find_spec("requests"):
    BREACHED = {"NAME": "django_useraccounts.breached.BreachedPasswordValidator", "OPTIONS": {}}
    AUTH_PASSWORD_VALIDATORS.append(BREACHED)
    # The guild keeps a short list of its own, see guild/leaks; GUILD_BREACHED=1 asks the real one.
    if not os.environ.get("GUILD_BREACHED"):
        # ``manage.py demo`` knows the port better.
        BREACHED["OPTIONS"]["url"] = "http://127.0.0.1:8000/leaks/range/"

# Mail goes into a folder, which the page /mailbox/ shows

MAILBOX = VAR / "mailbox"
DEFAULT_FROM_EMAIL = "The Artists' Guild <doorkeeper@guild.example>"
if hasattr(mail, "mailers"):  # Django >= 6.1
    MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "OPTIONS": {"file_path": MAILBOX},
        },
    }
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = MAILBOX

STATIC_URL = "static/"
LANGUAGE_CODE = "en"
# Those of the accounts; the guild's own pages are written in English, and say so.
LANGUAGES = spoken()
