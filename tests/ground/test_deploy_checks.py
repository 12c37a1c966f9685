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
from django.core import mail
from django.core.checks import Tags, run_checks
from django.core.checks import Warning as Warn
from django.db import connections
from docutils import nodes

from django_useraccounts.checks import check_deployment, check_useraccounts
from tests.ground.weakenings import (
    BREACHED,
    CACHE,
    SESSIONS,
    WEAK,
    accounts,
    hashing,
    providers,
    reading_elsewhere,
    sending_by,
    sending_to,
    without,
)
from tests.readme import ROOT, document, quickstart

pytestmark = pytest.mark.one_database

CSRF = "django.middleware.csrf.CsrfViewMiddleware"
CSP = "django.middleware.csp"
PAGE = "docs/checks.rst"


@pytest.fixture
def production(settings, monkeypatch):
    """Set what the example of the documentation sets, below what is meant for tests."""
    settings.USERACCOUNTS = {}
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
    accounts(OLD_USERNAME_RESERVED=timedelta(days=7)),
    accounts(SESSIONS={"IDLE_MAX_AGE": timedelta(days=30)}),
    accounts(SESSIONS={"TELL_NEW_DEVICE": False}, EMAIL="off", MAIL_DELIVERY="immediate"),
    accounts(USERNAME="off", OLD_USERNAME_RESERVED=timedelta(0), UNICODE_USERNAMES=True),
    accounts(SOCIAL={"CONNECT_BY_EMAIL": True}),
    providers(DOMAINS=("guild.example", "other.example")),
    accounts(MEMBERSHIPS={"STRIPE_SECRET_KEY": "rk_live_1"}),
    {"SECURE_HSTS_SECONDS": 365 * 86400},
    {"SESSION_COOKIE_DOMAIN": "", "CSRF_COOKIE_DOMAIN": ""},
    {"DATA_UPLOAD_MAX_NUMBER_FIELDS": 10240},
    sending_to("localhost"),
    sending_to("::1"),
    sending_to("mail.example.com", use_ssl=True),
    sending_to("mail.example.com", use_tls=True),
    {**accounts(EMAIL="off"), **sending_to("mail.example.com")},
    hashing("Argon2PasswordHasher", "BCryptSHA256PasswordHasher"),
    {**accounts(USERNAME="off"), **without(user_attributes=("email",))},
    {**accounts(EMAIL="off"), **without(user_attributes=("username",))},
    {
        "AUTH_PASSWORD_VALIDATORS": [
            *without("UserAttributeSimilarity")["AUTH_PASSWORD_VALIDATORS"],
            {"NAME": "tests.ground.weakenings.OwnLikeness"},
        ]
    },
    accounts(LIMITS={"login": {"identifier": "1000/5m 1000/1d", "client": "100/5m"}}),
    accounts(LINK_MAX_AGE=timedelta(days=7)),
    accounts(EMAIL="off"),
    accounts(CLOSED_ACCOUNT_KEPT=timedelta(days=7), SESSIONS={"MAX_AGE": timedelta(days=90)}),
    {"SESSION_COOKIE_SAMESITE": "Strict"},
    {"SECURE_HSTS_SECONDS": "31536000"},
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


SMTP = "django.core.mail.backends.smtp.EmailBackend"


@pytest.mark.parametrize(
    "mailer, is_told",
    [
        ({"BACKEND": SMTP, "OPTIONS": {"host": "mail.example.com", "timeout": 9}}, True),
        ({"OPTIONS": {"host": "mail.example.com", "timeout": 9, "use_tls": False}}, True),
        ({"OPTIONS": {"host": "mail.example.com", "timeout": 9, "use_tls": True}}, False),
        ({"OPTIONS": {"host": "mail.example.com", "timeout": 9, "use_ssl": True}}, False),
        ({"OPTIONS": {"host": "LocalHost", "timeout": 9}}, False),
        ({"OPTIONS": {"timeout": 9}}, False),
        ({"BACKEND": "tests.ground.doubles.Own", "OPTIONS": {"host": "mail.example.com"}}, False),
    ],
)
def test_W047_a_mailer_without_tls(production, mailer, is_told):
    production.MAILERS = {"default": mailer}

    assert found() == (["useraccounts.W047"] if is_told else [])


def test_a_validator_that_may_ask_others_is_not_asked(production):
    given = without("UserAttributeSimilarity")["AUTH_PASSWORD_VALIDATORS"]
    production.AUTH_PASSWORD_VALIDATORS = [*given, {"NAME": f"{__name__}.Asking"}]

    assert found() == ["useraccounts.W050"]


class Asking:
    def validate(self, password, user=None):
        raise AssertionError(password)


LIKENESS = (
    'Add {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"}, '
    "without OPTIONS."
)


def said(number, message, hint):
    return Warn(message, hint=hint, id=f"useraccounts.{number}")


#: What is said, and the line to write.
TOLD = [
    (
        {"SESSION_COOKIE_DOMAIN": ".example.com"},
        said(
            "W046",
            'SESSION_COOKIE_DOMAIN is ".example.com": browsers show the cookie to every host below it, '
            "and take one from each of them.",
            "Leave SESSION_COOKIE_DOMAIN out, or silence this check where all these hosts are as safe "
            "as this one.",
        ),
    ),
    (
        sending_to("mail.example.com"),
        said(
            "W047",
            'Mail goes to "mail.example.com" without TLS: whoever is on the way reads the links that '
            "let people in.",
            'Write EMAIL_USE_TLS = True, or from Django 6.1 on "use_tls": True in the OPTIONS of '
            "MAILERS.",
        ),
    ),
    (
        {"SECURE_HSTS_SECONDS": 3600},
        said(
            "W048",
            "SECURE_HSTS_SECONDS is 3600: whoever was not here for that long can be led to http, where "
            "others read and change what passes.",
            "Begin with 3600, and write SECURE_HSTS_SECONDS = 365 * 24 * 3600 once all hosts have "
            "https.",
        ),
    ),
    (
        hashing("Argon2PasswordHasher", "BCryptPasswordHasher"),
        said(
            "W049",
            "PASSWORD_HASHERS has BCryptPasswordHasher, which reads the first 72 bytes of a password "
            "alone: what follows is not asked for, or an error.",
            "Write BCryptSHA256PasswordHasher in its place, and take it out when the passwords that "
            "are hashed so have been set anew.",
        ),
    ),
    (
        without("UserAttributeSimilarity"),
        said(
            "W050",
            "AUTH_PASSWORD_VALIDATORS lets passwords pass that are almost the username or the e-mail "
            "address.",
            LIKENESS,
        ),
    ),
    (
        {**accounts(EMAIL="off"), **without("UserAttributeSimilarity")},
        said(
            "W050",
            "AUTH_PASSWORD_VALIDATORS lets passwords pass that are almost the username.",
            LIKENESS,
        ),
    ),
    (
        accounts(OLD_USERNAME_RESERVED=timedelta(days=6)),
        said(
            "W051",
            'USERACCOUNTS["OLD_USERNAME_RESERVED"] is 6 days, 0:00:00: who has taken an account gives '
            "it another username, and takes the old one, before its owner has to have read the mail "
            "that tells of it.",
            "Make it 7 days, 0:00:00 at least, or leave it out.",
        ),
    ),
    (
        {"DATA_UPLOAD_MAX_NUMBER_FIELDS": None},
        said(
            "W052",
            "DATA_UPLOAD_MAX_NUMBER_FIELDS is None: a stranger fills the memory of a process by one "
            "request, or keeps it busy.",
            "Write the number that your largest form needs, or leave it out.",
        ),
    ),
    (
        accounts(MAIL_DELIVERY="immediate"),
        said(
            "W053",
            'USERACCOUNTS has "MAIL_DELIVERY": "immediate": requests wait for the mail server, so one '
            "that is slow keeps visitors from every page.",
            'Write "MAIL_DELIVERY": "thread", or leave it out.',
        ),
    ),
    (
        accounts(UNICODE_USERNAMES=True),
        said(
            "W054",
            'USERACCOUNTS has "UNICODE_USERNAMES": True: a name of Cyrillic or Greek letters alone can '
            "look like one of Latin letters, so people can pose as others.",
            "Silence this check where people write their names in such letters; or leave it out.",
        ),
    ),
]


@pytest.mark.parametrize("weak, warning", TOLD, ids=lambda part: getattr(part, "id", ""))
def test_what_is_said_of_a_weakening(production, weak, warning):
    change(production, weak)

    assert check_deployment(None) == [warning]


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
    numbers = [*range(20, 40), *range(46, 55)]
    assert {f"useraccounts.W0{number}" for number in numbers} <= ours
