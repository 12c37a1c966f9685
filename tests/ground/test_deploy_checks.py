"""``check --deploy`` names every weakening of a site in production, by Django's id or by ours."""

import os
import re
import subprocess
import sys
from datetime import timedelta
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.auth import hashers
from django.core import mail
from django.core.checks import Tags, run_checks
from django.core.checks import Warning as Warn
from django.db import connections
from docutils import nodes

from django_useraccounts.checks import check_deployment, check_useraccounts
from tests.readme import ROOT, document, quickstart

pytestmark = pytest.mark.one_database

VALIDATORS = "django.contrib.auth.password_validation"
BREACHED = "django_useraccounts.breached.BreachedPasswordValidator"
CACHE = "django.core.cache.backends"
SESSIONS = "django.contrib.sessions.backends"
CSRF = "django.middleware.csrf.CsrfViewMiddleware"
CSP = "django.middleware.csp"
PAGE = "docs/checks.rst"


@pytest.fixture
def production(settings, monkeypatch):
    """Set what the example of the documentation sets."""
    monkeypatch.setenv("SECRET_KEY", "".join(chr(33 + number) for number in range(60)))
    for code in examples():
        # The databases of a process stay as they are; those of the tests have this, too.
        if is_of_this_django(code) and "DATABASES" not in code:
            change(settings, given_by(code))
    return settings


@cache
def examples():
    page = document(PAGE)
    return [b.astext() for b in page.findall(nodes.literal_block) if "python" in b["classes"]]


def is_of_this_django(code):
    other_mail = "EMAIL_HOST" if hasattr(mail, "mailers") else "MAILERS"
    return other_mail not in code and ("SECURE_CSP" not in code or find_spec(CSP))


def given_by(code):
    names = {"MIDDLEWARE": [], "INSTALLED_APPS": [], "USERACCOUNTS": {}}
    exec(code, names)
    return {key: value for key, value in names.items() if key.isupper() and value not in ([], {})}


def change(settings, given):
    given = {**given}
    settings.USERACCOUNTS = {**settings.USERACCOUNTS, **given.pop("USERACCOUNTS", {})}
    for name in ("MIDDLEWARE", "INSTALLED_APPS"):
        added = given.pop(name, [])
        setattr(settings, name, [*getattr(settings, name), *added])
    for name, value in given.items():
        setattr(settings, name, value)


def found():
    # All others are the same whatever is weak, and take their time.
    told = run_checks(tags=[Tags.security], include_deployment_checks=True)
    return sorted(str(message.id) for message in [*told, *check_useraccounts(None)])


def test_the_example_of_the_documentation_is_clean(production):
    told = run_checks(include_deployment_checks=True)

    assert [message for message in told if not message.is_silenced()] == []


def test_it_is_clean_below_what_startproject_writes_and_the_quickstart_adds(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment["SECRET_KEY"] = "".join(map(chr, range(40, 100)))
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    project = quickstart(tmp_path, python=sys.executable, environment=environment)
    with (project / "mysite" / "settings.py").open("a") as settings:
        settings.writelines(f"\n{code}\n" for code in examples() if is_of_this_django(code))

    check = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
    )

    assert check.stderr == ""
    assert check.stdout == "System check identified no issues (0 silenced).\n"
    assert check.returncode == 0


def test_the_example_of_the_documentation_keeps_what_the_site_has_set(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "any")
    site = {"MIDDLEWARE": [], "USERACCOUNTS": {"ORIGIN": "http://127.0.0.1:8000", "POLICY": "ours"}}
    site["DATABASES"] = {"default": {"ENGINE": "django.db.backends.sqlite3"}}

    for code in examples():
        exec(code, site)

    assert site["USERACCOUNTS"]["POLICY"] == "ours"
    assert site["USERACCOUNTS"]["ORIGIN"] == "https://example.com"


def accounts(**given):
    return {"USERACCOUNTS": given}


def without(*words):
    """Django's validators but for some."""
    names = ["UserAttributeSimilarity", "MinimumLength", "CommonPassword", "NumericPassword"]
    left = [{"NAME": f"{VALIDATORS}.{name}Validator"} for name in names if name not in words]
    return {"AUTH_PASSWORD_VALIDATORS": left}


class WeakArgon2(hashers.Argon2PasswordHasher):
    time_cost = 1
    memory_cost = 8192


def hashing(*names):
    return {
        "PASSWORD_HASHERS": [
            name if "." in name else f"{hashers.__name__}.{name}" for name in names
        ]
    }


def sending_by(kind):
    backend = f"django.core.mail.backends.{kind}.EmailBackend"
    if hasattr(mail, "mailers"):
        options = {"file_path": "/tmp"} if kind == "filebased" else {}
        return {"MAILERS": {"default": {"BACKEND": backend, "OPTIONS": options}}}
    return {"EMAIL_BACKEND": backend, "EMAIL_TIMEOUT": None}


class ReadingElsewhere:
    """A router that reads some models from a copy of the database."""

    def __init__(self, *labels):
        self.labels = labels

    def db_for_read(self, model, **hints):
        return "replica" if model._meta.label in self.labels else None


def reading_elsewhere(*labels):
    return {"DATABASE_ROUTERS": [ReadingElsewhere(*labels)]}


#: What each setting weakens, and who says so.
WEAK = [
    # Django
    ("DEBUG", {"DEBUG": True}, ["security.W018"]),
    ("no https", {"SECURE_SSL_REDIRECT": False}, ["security.W008"]),
    ("no HSTS", {"SECURE_HSTS_SECONDS": 0}, ["security.W004"]),
    ("HSTS of one host", {"SECURE_HSTS_INCLUDE_SUBDOMAINS": False}, ["security.W005"]),
    ("no preload", {"SECURE_HSTS_PRELOAD": False}, ["security.W021"]),
    ("sniffing", {"SECURE_CONTENT_TYPE_NOSNIFF": False}, ["security.W006"]),
    ("framed", {"X_FRAME_OPTIONS": "SAMEORIGIN"}, ["security.W019"]),
    ("Referer", {"SECURE_REFERRER_POLICY": None}, ["security.W022"]),
    ("a short key", {"SECRET_KEY": "short"}, ["security.W009"]),
    ("short old keys", {"SECRET_KEY_FALLBACKS": ["short"]}, ["security.W025"]),
    ("any host", {"ALLOWED_HOSTS": []}, ["security.W020"]),
    ("session without Secure", {"SESSION_COOKIE_SECURE": False}, ["security.W012"]),
    ("session for scripts", {"SESSION_COOKIE_HTTPONLY": False}, ["security.W015"]),
    ("CSRF without Secure", {"CSRF_COOKIE_SECURE": False}, ["security.W016"]),
    # ours, always
    ("no Argon2", hashing("PBKDF2PasswordHasher"), ["useraccounts.W001"]),
    ("any password", {"AUTH_PASSWORD_VALIDATORS": []}, ["useraccounts.W002"]),
    (
        "any Host",
        {**accounts(ORIGIN=None), "ALLOWED_HOSTS": ["*"]},
        ["useraccounts.W003"],
    ),
    ("links to http", accounts(ORIGIN="http://example.com"), ["useraccounts.W007"]),
    (
        "Django's backend",
        {
            "AUTHENTICATION_BACKENDS": [
                "django_useraccounts.backends.AccountsBackend",
                "django.contrib.auth.backends.ModelBackend",
            ]
        },
        ["useraccounts.W008"],
    ),
    ("mail without an end", sending_by("smtp"), ["useraccounts.W004"]),
    # ours, on deployment
    ("session for others", {"SESSION_COOKIE_SAMESITE": "None"}, ["useraccounts.W020"]),
    ("session for all", {"SESSION_COOKIE_SAMESITE": False}, ["useraccounts.W020"]),
    ("CSRF for others", {"CSRF_COOKIE_SAMESITE": None}, ["useraccounts.W020"]),
    ("any origin", {"CSRF_TRUSTED_ORIGINS": ["https://*.example.com"]}, ["useraccounts.W021"]),
    ("plain origin", {"CSRF_TRUSTED_ORIGINS": ["http://example.com"]}, ["useraccounts.W021"]),
    (
        "sessions in cookies",
        {"SESSION_ENGINE": f"{SESSIONS}.signed_cookies"},
        ["useraccounts.W022"],
    ),
    (
        "sessions of a process",
        {"SESSION_ENGINE": f"{SESSIONS}.cache"},
        ["useraccounts.W023"],
    ),
    (
        "sessions kept by a process",
        {"SESSION_ENGINE": f"{SESSIONS}.cached_db"},
        ["useraccounts.W023"],
    ),
    (
        "sessions in no cache",
        {
            "SESSION_ENGINE": f"{SESSIONS}.cache",
            "CACHES": {"default": {"BACKEND": f"{CACHE}.dummy.DummyCache"}},
        },
        ["useraccounts.W023"],
    ),
    (
        "links to http, and no redirect",
        {**accounts(ORIGIN="http://example.com"), "SECURE_SSL_REDIRECT": False},
        ["security.W008", "useraccounts.W024"],
    ),
    (
        "any subdomain",
        {**accounts(ORIGIN=None), "ALLOWED_HOSTS": [".example.com"]},
        ["useraccounts.W025"],
    ),
    ("a proxy", accounts(PROXIES=None), ["useraccounts.W026"]),
    (
        "a proxy that names the host",
        {**accounts(PROXIES=None), "SECURE_PROXY_SSL_HEADER": None, "USE_X_FORWARDED_HOST": True},
        ["useraccounts.W026"],
    ),
    ("weak Argon2", hashing(f"{__name__}.WeakArgon2"), ["useraccounts.W027"]),
    (
        "MD5",
        hashing("Argon2PasswordHasher", "MD5PasswordHasher"),
        ["useraccounts.W028"],
    ),
    *(
        (f"mail to {kind}", sending_by(kind), ["useraccounts.W029"])
        for kind in ("console", "dummy", "filebased", "locmem")
    ),
    ("long links", accounts(LINK_MAX_AGE=timedelta(days=8)), ["useraccounts.W030"]),
    ("long proof", accounts(RECENT_LOGIN_MAX_AGE=timedelta(hours=2)), ["useraccounts.W031"]),
    ("long resets", {"PASSWORD_RESET_TIMEOUT": 4 * 86400}, ["useraccounts.W032"]),
    ("long sessions", {"SESSION_COOKIE_AGE": 91 * 86400}, ["useraccounts.W033"]),
    ("short passwords", without("MinimumLength"), ["useraccounts.W034"]),
    (
        "shorter passwords",
        {
            "AUTH_PASSWORD_VALIDATORS": [
                *without("MinimumLength")["AUTH_PASSWORD_VALIDATORS"],
                {"NAME": f"{VALIDATORS}.MinimumLengthValidator", "OPTIONS": {"min_length": 7}},
            ]
        },
        ["useraccounts.W034"],
    ),
    ("common passwords", without("CommonPassword"), ["useraccounts.W035"]),
    (
        "old keys",
        {"SECRET_KEY_FALLBACKS": [f"{n}{'abcdefghij' * 6}" for n in range(3)]},
        ["useraccounts.W036"],
    ),
    (
        "addresses of others",
        accounts(CONFIRM_EMAIL_BEFORE_LOGIN=False),
        ["useraccounts.W037"],
    ),
    (
        "many attempts",
        accounts(LIMITS={"login": {"identifier": "1000/5m"}}),
        ["useraccounts.W038"],
    ),
    (
        "a short window",
        accounts(LIMITS={"login": {"identifier": "10/1s"}}),
        ["useraccounts.W038"],
    ),
    ("a replica", reading_elsewhere("useraccounts.User"), ["useraccounts.W039"]),
    (
        "no time to come back",
        accounts(CLOSED_ACCOUNT_KEPT=timedelta(days=6)),
        ["useraccounts.W042"],
    ),
    (
        "sessions for years",
        accounts(SESSIONS={"MAX_AGE": timedelta(days=91)}),
        ["useraccounts_sessions.W002"],
    ),
]


@pytest.mark.asvs("3.3.2", "11.4.2")
@pytest.mark.parametrize("weak, ids", [pytest.param(*rest, id=name) for name, *rest in WEAK])
def test_every_weakening_is_named_once(production, weak, ids):
    change(production, weak)

    assert found() == ids


@pytest.mark.parametrize(
    "engine, options, ids",
    [
        ("sqlite3", {}, ["useraccounts.W041"]),
        ("sqlite3", {"transaction_mode": "deferred"}, ["useraccounts.W041"]),
        ("sqlite3", {"transaction_mode": "immediate"}, []),
        ("sqlite3", {"transaction_mode": "EXCLUSIVE"}, []),
        ("postgresql", {}, []),
    ],
)
def test_W041_writers_that_meet_on_sqlite(production, monkeypatch, engine, options, ids):
    given = {"ENGINE": f"django.db.backends.{engine}", "OPTIONS": options}
    monkeypatch.setitem(connections.settings, "default", given)

    assert found() == ids


@pytest.mark.urls("tests.webhooks.urls")
@pytest.mark.parametrize(
    "given, ids",
    [
        ({}, ["useraccounts.W043"]),
        ({"ANYMAIL": {"WEBHOOK_SECRET": ""}}, ["useraccounts.W043"]),
        ({"ANYMAIL": {"WEBHOOK_SECRET": "name:random"}}, []),
        ({"ANYMAIL_WEBHOOK_SECRET": ["name:random", "name:former"]}, []),
    ],
)
def test_W043_anybody_says_that_an_address_takes_no_mail(production, given, ids):
    change(production, {"ANYMAIL": {}, **given})

    assert found() == ids


@pytest.mark.parametrize(
    "zone, ids",
    [
        ("Europe/Berlin", ["useraccounts.W044"]),
        ("America/Santiago", ["useraccounts.W044"]),
        ("UTC", []),
        ("Asia/Kolkata", []),
    ],
)
def test_W044_an_hour_comes_twice(production, zone, ids):
    production.TIME_ZONE = zone
    assert found() == []

    production.USE_TZ = False

    assert found() == ids


def test_without_the_csrf_middleware_django_says_so(production):
    production.MIDDLEWARE = [path for path in production.MIDDLEWARE if path != CSRF]

    assert found() == ["security.W003"]


FINE = [
    accounts(LIMITS={"login": {"identifier": "1000/5m 1000/1d", "client": "100/5m"}}),
    accounts(LINK_MAX_AGE=timedelta(days=7)),
    accounts(EMAIL="off"),
    accounts(CLOSED_ACCOUNT_KEPT=timedelta(days=7), SESSIONS={"MAX_AGE": timedelta(days=90)}),
    {"SESSION_COOKIE_SAMESITE": "Strict"},
    reading_elsewhere("guild.Work"),
    {"CSRF_TRUSTED_ORIGINS": ["https://example.com"]},
    {"SECRET_KEY_FALLBACKS": [f"{n}{'abcdefghij' * 6}" for n in range(2)]},
    {
        "SESSION_ENGINE": f"{SESSIONS}.cached_db",
        "CACHES": {"default": {"BACKEND": f"{CACHE}.redis.RedisCache", "LOCATION": "redis://x"}},
    },
    hashing("Argon2PasswordHasher", "PBKDF2PasswordHasher"),
    {
        "AUTH_PASSWORD_VALIDATORS": [
            *without("CommonPassword")["AUTH_PASSWORD_VALIDATORS"],
            {"NAME": BREACHED},
        ]
    },
]


@pytest.mark.parametrize("given", FINE, ids=lambda given: next(iter(given)))
def test_what_weakens_nothing_is_not_named(production, given):
    change(production, given)

    assert found() == []


def test_a_site_without_addresses_is_asked_for_no_mail_server(production):
    change(production, {**accounts(EMAIL="off"), **sending_by("console")})

    assert found() == []


def test_a_weakening_is_told_with_the_line_to_write(production):
    change(production, accounts(LIMITS={"login": {"client": "9000/5m"}}))

    assert check_deployment(None) == [
        Warn(
            'USERACCOUNTS["LIMITS"]["login"] lets "client" try 9000/5m, more than 10 times the '
            "default.",
            hint='Write "client": "100/5m", or leave it out.',
            id="useraccounts.W038",
        )
    ]


@pytest.mark.parametrize(
    "label",
    [
        "useraccounts.RoleGrant",
        "useraccounts_sessions.LoginSession",
        "auth.Permission",
        "sessions.Session",
    ],
)
def test_T7_accounts_that_are_read_from_a_copy_are_told(production, label):
    change(production, reading_elsewhere(label))

    app = label.partition(".")[0]
    assert check_deployment(None) == [
        Warn(
            f'DATABASE_ROUTERS has tables of {app} written to "default" and read from "replica": '
            "until that follows, ended sessions, old passwords and revoked roles go on.",
            hint=f'Let db_for_read() return "default" where model._meta.app_label is "{app}".',
            id="useraccounts.W039",
        )
    ]


def test_sessions_that_are_in_no_table_are_read_from_no_copy_of_it(production):
    production.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    production.CACHES = {
        "default": {"BACKEND": f"{CACHE}.redis.RedisCache", "LOCATION": "redis://x"}
    }
    change(production, reading_elsewhere("sessions.Session"))

    assert found() == []


def test_T7_a_whole_app_that_is_read_from_a_copy_is_told_once(production):
    labels = [model._meta.label for model in apps.get_app_config("useraccounts").get_models()]
    change(production, reading_elsewhere(*labels))

    assert found() == ["useraccounts.W039"]


def test_what_cannot_be_meant_is_told_first(production):
    change(production, accounts(LIMITS={"log_in": {"client": "1/1m"}}))

    assert found() == ["useraccounts.E002"]


def test_a_site_under_development_hears_nothing_of_it(settings):
    settings.SESSION_COOKIE_SAMESITE = "None"

    assert [message.id for message in run_checks() if "W020" in str(message.id)] == []


# E022


@pytest.mark.parametrize(
    "validator, said",
    [
        (
            {"NAME": BREACHED, "OPTIONS": {"url": "http://passwords.example/"}},
            "The url 'http://passwords.example/' of breached passwords is not https.",
        ),
        ({"NAME": BREACHED, "OPTIONS": {"urls": ""}}, "unexpected keyword argument 'urls'"),
        ({"NAME": "no.such.Validator"}, "no.such.Validator"),
    ],
)
def test_E022_a_validator_that_cannot_be_made(settings, validator, said):
    settings.AUTH_PASSWORD_VALIDATORS = [validator]

    (error,) = check_useraccounts(None)
    assert error.id == "useraccounts.E022"
    assert error.msg.startswith("AUTH_PASSWORD_VALIDATORS cannot be used, so nobody can set a")
    assert said in error.msg


# The table


def ids_of(path: Path) -> set[str]:
    """Return the ids that a module gives to its messages, in full or below the label of its room."""
    text = path.read_text()
    room = path.relative_to(ROOT / "django_useraccounts").parts[0]
    full = re.findall(r'id="(useraccounts[a-z_]*\.[EWI]\d{3})"', text)
    full += re.findall(r'"(useraccounts\.[EWI]\d{3})"', text)
    short = re.findall(r'"([EWI]\d{3})"', text)
    return {*full, *(f"useraccounts_{room}.{number}" for number in short)}


def test_its_table_names_every_id_of_ours():
    modules = [
        path for path in (ROOT / "django_useraccounts").rglob("*.py") if "check" in str(path)
    ]
    rows = [
        [cell.astext() for cell in row.findall(nodes.entry)]
        for row in document(PAGE).findall(nodes.row)
    ]

    told = [row[0] for row in rows if re.match(r"useraccounts\w*\.[EW]", row[0])]
    assert told == sorted(told)
    assert set(told) == set().union(*map(ids_of, modules))


def test_ids_are_given_once_to_one_kind_of_message():
    told = [ids for _name, _weak, ids in WEAK]

    ours = {name for ids in told for name in ids if name.startswith("useraccounts")}
    assert {f"useraccounts.W0{number}" for number in range(20, 40)} <= ours
