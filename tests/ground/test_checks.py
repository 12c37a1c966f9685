"""System checks of the settings: what is wrong, and the line to write."""

import os
import subprocess
import sys
from copy import deepcopy
from dataclasses import fields
from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4
from weakref import WeakSet

import pytest
from django.apps import apps
from django.conf import settings as project
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import GroupAdmin as StockGroupAdmin
from django.contrib.auth.admin import UserAdmin as StockUserAdmin
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import Group
from django.contrib.auth.views import LoginView as StockLoginView
from django.core import mail
from django.core.checks import CheckMessage, Error, run_checks
from django.core.checks import Warning as Warn
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import models
from django.test.utils import isolate_apps
from django.urls import (
    get_resolver,
    include,
    path,
    reverse,
    reverse_lazy,
    set_script_prefix,
)
from django.views.generic import RedirectView

from django_useraccounts import requirements
from django_useraccounts.admin import GroupAdmin, UserAdmin
from django_useraccounts.checks import check_useraccounts, parts, values
from django_useraccounts.conf import Conf
from django_useraccounts.limits import DEFAULTS
from django_useraccounts.login.views import LoginView
from django_useraccounts.models import AbstractEmailUser, AbstractUser
from django_useraccounts.policy import Policy
from django_useraccounts.testing import log_in, make_user
from tests.readme import ROOT

ARGON2 = "django.contrib.auth.hashers.Argon2PasswordHasher"
BACKEND = "django_useraccounts.backends.AccountsBackend"
SMTP = "django.core.mail.backends.smtp.EmailBackend"
KNOWN = f"Known are: {', '.join([*(field.name for field in fields(Conf)), 'MEMBERSHIPS', 'SESSIONS', 'SOCIAL'])}."


def found() -> list[CheckMessage]:
    return check_useraccounts(None)


@pytest.mark.django_db
def test_the_settings_of_the_tests_are_in_order():
    assert found() == []
    messages = [message for message in run_checks() if not message.is_silenced()]
    assert [message for message in messages if str(message.id).startswith("useraccounts")] == []


# E001: names and types


@pytest.mark.parametrize(
    "given, message, hint",
    [
        (
            {"LINK_MAXAGE": timedelta(1)},
            'USERACCOUNTS has no setting "LINK_MAXAGE".',
            'Did you mean "LINK_MAX_AGE"?',
        ),
        (
            {"site_name": "Guild"},
            'USERACCOUNTS has no setting "site_name".',
            'Did you mean "SITE_NAME"?',
        ),
        (
            {"XYZ": 1},
            'USERACCOUNTS has no setting "XYZ".',
            KNOWN,
        ),
        (
            {7: 1},
            'USERACCOUNTS has no setting "7".',
            KNOWN,
        ),
        (
            {"ORIGIN": 7},
            'USERACCOUNTS["ORIGIN"] is 7.',
            "It has to be a string or None; leave it out for the default, None.",
        ),
        (
            {"POLICY": Policy},
            "USERACCOUNTS[\"POLICY\"] is <class 'django_useraccounts.policy.Policy'>.",
            (
                "It has to be a string; leave it out for the default, "
                "'django_useraccounts.policy.Policy'."
            ),
        ),
        (
            {"CONFIRM_EMAIL_BEFORE_LOGIN": "no"},
            "USERACCOUNTS[\"CONFIRM_EMAIL_BEFORE_LOGIN\"] is 'no'.",
            "It has to be True or False; leave it out for the default, True.",
        ),
        (
            {"LINK_MAX_AGE": 3},
            'USERACCOUNTS["LINK_MAX_AGE"] is 3.',
            "It has to be a timedelta; leave it out for the default, datetime.timedelta(days=3).",
        ),
        (
            {"RECENT_LOGIN_MAX_AGE": None},
            'USERACCOUNTS["RECENT_LOGIN_MAX_AGE"] is None.',
            (
                "It has to be a timedelta; leave it out for the default, "
                "datetime.timedelta(seconds=900)."
            ),
        ),
        (
            {"MAIL_DELIVERY": None},
            'USERACCOUNTS["MAIL_DELIVERY"] is None.',
            "It has to be a string; leave it out for the default, 'thread'.",
        ),
        (
            {"LIMITS": ["login"]},
            "USERACCOUNTS[\"LIMITS\"] is ['login'].",
            "It has to be a dictionary; leave it out for the default, {}.",
        ),
        (
            {"PROXIES": -1},
            'USERACCOUNTS["PROXIES"] is -1.',
            "It has to be a number, 0 or more or None; leave it out for the default, None.",
        ),
        (
            {"PROXIES": True},
            'USERACCOUNTS["PROXIES"] is True.',
            "It has to be a number, 0 or more or None; leave it out for the default, None.",
        ),
        (
            {"ROLES": ["artist"]},
            "USERACCOUNTS[\"ROLES\"] is ['artist'].",
            "It has to be a dictionary; leave it out for the default, {}.",
        ),
        (
            {"UNICODE_USERNAMES": 1},
            'USERACCOUNTS["UNICODE_USERNAMES"] is 1.',
            "It has to be True or False; leave it out for the default, False.",
        ),
    ],
)
def test_E001_a_setting_that_cannot_be_meant(settings, given, message, hint):
    settings.USERACCOUNTS = given

    assert found() == [Error(message, hint=hint, id="useraccounts.E001")]


@pytest.mark.parametrize("given", [None, [], "SITE_NAME", 7])
def test_E001_settings_that_are_no_dictionary(settings, given):
    settings.USERACCOUNTS = given

    assert found() == [
        Error(
            "USERACCOUNTS is not a dictionary.",
            hint='Write USERACCOUNTS = {"SITE_NAME": "…"}.',
            id="useraccounts.E001",
        )
    ]


@pytest.mark.parametrize("given", [None, {"SOCIAL": None}, {"SESSIONS": 7}, {"MEMBERSHIPS": []}])
def test_E001_is_told_by_the_command_too_where_others_read_the_settings_before(settings, given):
    settings.USERACCOUNTS = given

    with pytest.raises(SystemCheckError, match=r"useraccounts\.E001"):
        call_command("check", deploy=True)


def test_E001_every_wrong_setting_is_told_at_once(settings):
    settings.USERACCOUNTS = {"SITENAME": "Guild", "PROXIES": "1", "ORIGIN": "https://guild.example"}

    assert [message.id for message in found()] == ["useraccounts.E001"] * 2


def test_every_setting_may_be_given(settings):
    _guards_are_known = get_resolver().url_patterns
    settings.USERACCOUNTS = {
        "ORIGIN": "https://guild.example",
        "SITE_NAME": "The Guild",
        "POLICY": "django_useraccounts.policy.Policy",
        "CONFIRM_EMAIL_BEFORE_LOGIN": False,
        "LINK_MAX_AGE": timedelta(days=1),
        "RECENT_LOGIN_MAX_AGE": timedelta(hours=1),
        "MAIL_DELIVERY": "command",
        "LIMITS": {"login": {"identifier": "5/1h"}},
        "PROXIES": 2,
        "ROLES": {name: name.title() for name in requirements.guarded_names},
        "UNICODE_USERNAMES": True,
    }

    assert found() == []


@pytest.mark.django_db
def test_manage_py_refuses_to_start_and_says_why(settings):
    settings.USERACCOUNTS = {"SITENAME": "Guild"}

    with pytest.raises(SystemCheckError) as caught:
        call_command("check")

    assert '(useraccounts.E001) USERACCOUNTS has no setting "SITENAME".' in str(caught.value)
    assert 'HINT: Did you mean "SITE_NAME"?' in str(caught.value)


# E002: limits


def test_E002_a_purpose_that_does_not_exist(set_conf):
    set_conf(LIMITS={"log_in": {"client": "1/1m"}})

    assert found() == [
        Error(
            'USERACCOUNTS["LIMITS"] has no purpose "log_in".',
            hint=f"Known are: {', '.join(DEFAULTS)}, cache.",
            id="useraccounts.E002",
        )
    ]


@pytest.mark.parametrize(
    "rates, shown",
    [
        ({"identifier": "10 in 5m"}, "'identifier': '10 in 5m'"),
        ({"identifier": 10}, "'identifier': 10"),
        ({"client": None}, "'client': None"),
        ({"identifier": "10/5m, 20/1h"}, "'identifier': '10/5m, 20/1h'"),
        ({"identifier": "10/5m 20/5m"}, "'identifier': '10/5m 20/5m'"),
        ({"network": "10/5m"}, "'network': '10/5m'"),
    ],
)
def test_E002_a_limit_that_cannot_be_read(set_conf, rates, shown):
    set_conf(LIMITS={"login": rates})

    assert found() == [
        Error(
            f'USERACCOUNTS["LIMITS"]["login"] has {shown}.',
            hint=f'Write "LIMITS": {{"login": {DEFAULTS["login"]}}}.',
            id="useraccounts.E002",
        )
    ]


@pytest.mark.parametrize("rates", ["10/5m", None, ["10/5m"]])
def test_E002_a_purpose_without_a_dictionary_is_reported_and_no_crash(set_conf, rates):
    set_conf(LIMITS={"login": rates})

    assert [message.id for message in found()] == ["useraccounts.E002"]


# E020, W013: the cache of the limits


def in_cache(settings, set_conf, backend, **more):
    settings.CACHES = {"default": {"BACKEND": f"django.core.cache.backends.{backend}", **more}}
    set_conf(LIMITS={"cache": "default"})


@pytest.mark.parametrize(
    "backend, name",
    [
        ("locmem.LocMemCache", "LocMemCache"),
        ("dummy.DummyCache", "DummyCache"),
        ("filebased.FileBasedCache", "FileBasedCache"),
        ("db.DatabaseCache", "DatabaseCache"),
    ],
)
def test_E020_a_cache_that_cannot_count(settings, set_conf, backend, name, tmp_path):
    in_cache(settings, set_conf, backend, LOCATION=str(tmp_path))

    assert found() == [
        Error(
            'USERACCOUNTS["LIMITS"]["cache"] is \'default\', '
            f"and {name} cannot count what several processes do.",
            hint="Leave it out, and the database counts; or name a cache of Redis or Memcached "
            "in CACHES.",
            id="useraccounts.E020",
        )
    ]


@pytest.mark.parametrize("alias", ["nowhere", "", 7, None, ["default"], {"a": "10/5m"}])
def test_E020_a_cache_that_does_not_exist(set_conf, alias):
    set_conf(LIMITS={"cache": alias})

    [message] = found()

    assert message.id == "useraccounts.E020"
    assert f"is {alias!r}, which cannot be used: " in message.msg


def test_E020_a_cache_whose_library_is_missing(settings, set_conf):
    in_cache(settings, set_conf, "memcached.PyLibMCCache", LOCATION="127.0.0.1:11211")

    assert [message.id for message in found()] == ["useraccounts.E020"]


REDIS = "redis.RedisCache"


@pytest.mark.parametrize(
    "location, options, warned",
    [
        ("redis://127.0.0.1", {}, True),
        ("redis://127.0.0.1", {"socket_connect_timeout": 1}, True),
        ("redis://127.0.0.1", {"socket_timeout": 1}, False),
        ("redis://127.0.0.1?socket_timeout=1", {}, False),
        (["redis://127.0.0.1?socket_timeout=1"], {}, False),
    ],
)
def test_W013_a_cache_that_may_hang(settings, set_conf, location, options, warned):
    in_cache(settings, set_conf, REDIS, LOCATION=location, OPTIONS=options)

    expected = Warn(
        "The cache 'default', which counts attempts, has no time-out: if it hangs, logins do.",
        hint='Write "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}.',
        id="useraccounts.W013",
    )
    assert found() == ([expected] if warned else [])


# W014: how MariaDB keeps transactions apart


@pytest.mark.parametrize(
    "vendor, options, warned",
    [
        ("mysql", {}, None),
        ("mysql", {"isolation_level": "Read Committed"}, None),
        ("mysql", {"isolation_level": "repeatable read"}, '"repeatable read"'),
        ("mysql", {"isolation_level": None}, "of its server"),
        ("postgresql", {"isolation_level": "repeatable read"}, None),
    ],
)
def test_W014_an_isolation_in_which_attempts_undo_one_another(monkeypatch, vendor, options, warned):
    database = SimpleNamespace(vendor=vendor, settings_dict={"OPTIONS": options})
    monkeypatch.setattr(values, "connections", {"default": database})

    expected = Warn(
        f"The database of the attempts has the isolation level {warned}: "
        "of many attempts at once, MariaDB undoes some, and what is read behind a lock is as old "
        "as the transaction.",
        hint='Leave it out of the OPTIONS: Django\'s own is "read committed".',
        id="useraccounts.W014",
    )
    assert found() == ([expected] if warned else [])


# W040: whose count a request takes back


@pytest.mark.parametrize(
    "of_database, of_framework, limits, told",
    [
        ({"ATOMIC_REQUESTS": True}, {}, {}, True),
        ({"ATOMIC_REQUESTS": True}, None, {}, False),
        ({"ATOMIC_REQUESTS": False}, {}, {}, False),
        ({}, {}, {}, False),
        ({"ATOMIC_REQUESTS": True}, {}, {"cache": "default"}, False),
    ],
)
def test_W040_an_api_that_takes_the_count_of_guesses_back(
    settings, set_conf, monkeypatch, of_database, of_framework, limits, told
):
    database = SimpleNamespace(vendor="sqlite", settings_dict=of_database)
    monkeypatch.setattr(values, "connections", {"default": database})
    in_cache(settings, set_conf, REDIS, LOCATION="redis://127.0.0.1?socket_timeout=1")
    set_conf(LIMITS=limits)
    if of_framework is not None:
        settings.REST_FRAMEWORK = of_framework

    expected = Warn(
        "The database of the attempts has ATOMIC_REQUESTS, so REST framework undoes the count "
        "of a wrong password: there, anybody may guess without end.",
        hint='Write USERACCOUNTS = {"LIMITS": {"cache": "limits"}}, a cache that counts; or '
        "silence this check where transaction.non_atomic_requests is on each view of the API.",
        id="useraccounts.W040",
    )
    assert found() == ([expected] if told else [])


# E003: policy


@pytest.mark.parametrize(
    "path",
    [
        "guild.policy.GuildPolicy",
        "django_useraccounts.policy.NoPolicy",
        "django_useraccounts.policy",
        "django_useraccounts.policy.policy",
        "django_useraccounts.models.User",
        "",
        "policy",
    ],
)
def test_E003_a_policy_that_is_none(set_conf, path):
    set_conf(POLICY=path)

    assert found() == [
        Error(
            f'USERACCOUNTS["POLICY"] is "{path}", which is no subclass of Policy.',
            hint="Write the dotted path of a subclass of django_useraccounts.policy.Policy.",
            id="useraccounts.E003",
        )
    ]


# W015: a question that nobody asks


class Misspelled(Policy):
    def may_login(self, user, *, request):
        return False

    def _may_log_on(self, user):
        return False


class Inherited(Misspelled):
    reserved_names = frozenset()


class Helpful(Policy):
    def may_grant(self, user, role_names):
        return self.may_grant_one(user) and self.is_at_the_desk(user)

    def may_grant_one(self, user):
        return True

    def is_at_the_desk(self, user):
        return True


@pytest.mark.parametrize(
    "policy, misspelled",
    [
        (Misspelled, {"may_login": "may_log_in"}),
        (Inherited, {"may_login": "may_log_in", "reserved_names": "reserved_usernames"}),
        (Helpful, {}),
    ],
)
def test_W015_an_answer_to_a_question_that_nobody_asks(set_conf, policy, misspelled):
    path = f"{__name__}.{policy.__name__}"
    set_conf(POLICY=path)

    assert found() == [
        Warn(
            f'{path} has "{name}", which nobody asks.',
            hint=f'Did you mean "{meant}"?',
            id="useraccounts.W015",
        )
        for name, meant in misspelled.items()
    ]


def test_E016_a_limit_that_leaves_nobody_an_address(set_conf):
    set_conf(EMAILS_PER_USER=0)

    assert found() == [
        Error(
            'USERACCOUNTS["EMAILS_PER_USER"] is 0.',
            hint='Write 1 or more; on a site without addresses write "EMAIL": "off".',
            id="useraccounts.E016",
        )
    ]


@pytest.mark.parametrize(
    "way", ["thread", "immediate", "command", "tasks", "tests.ground.doubles.carried"]
)
def test_E017_a_way_to_deliver_that_leads_somewhere_is_none(set_conf, way):
    set_conf(MAIL_DELIVERY=way)

    assert found() == []


@pytest.mark.parametrize(
    "way", ["celery", "no.such.function", "tests.ground.doubles.NUMBER", "tests.ground.doubles.no"]
)
def test_E017_a_way_to_deliver_that_leads_nowhere(set_conf, way):
    set_conf(MAIL_DELIVERY=way)

    assert found() == [
        Error(
            f'USERACCOUNTS["MAIL_DELIVERY"] is {way!r}.',
            hint='It has to be "thread", "immediate", "tasks" or "command", or the dotted path of '
            "a function that takes the key of a mail.",
            id="useraccounts.E017",
        )
    ]


def test_E017_tasks_without_a_framework_of_tasks(set_conf, monkeypatch):
    set_conf(MAIL_DELIVERY="tasks")
    monkeypatch.setattr("django_useraccounts.compat.find_spec", lambda _name: None)

    assert found() == [
        Error(
            'USERACCOUNTS["MAIL_DELIVERY"] is "tasks", and this Django has no tasks.',
            hint="Install Django 6.0 or newer, or its backport django-tasks.",
            id="useraccounts.E017",
        )
    ]


# E004, E005, E006: the parts of a project


def test_E004_a_user_of_somebody_else(settings):
    settings.AUTH_USER_MODEL = "auth.User"

    assert found() == [
        Error(
            "AUTH_USER_MODEL is 'auth.User', which is no user of the accounts.",
            hint='Write AUTH_USER_MODEL = "useraccounts.User", or a subclass of '
            "django_useraccounts.models.AbstractUser.",
            id="useraccounts.E004",
        )
    ]


@pytest.mark.parametrize(
    "backends", [[], ["django.contrib.auth.backends.ModelBackend"], ["no.such.Backend"]]
)
def test_E005_backends_without_ours(settings, backends):
    settings.AUTHENTICATION_BACKENDS = backends

    assert found() == [
        Error(
            "AUTHENTICATION_BACKENDS has no backend of the accounts: nobody can log in by e-mail "
            "address, and logins are not limited.",
            hint=f'Write AUTHENTICATION_BACKENDS = ["{BACKEND}"], or leave it out.',
            id="useraccounts.E005",
        )
    ]


@pytest.mark.parametrize("own", [BACKEND, "tests.ground.test_backends.OwnBackend"])
@pytest.mark.parametrize("other", ["django.contrib.auth.backends.RemoteUserBackend", "no.such.One"])
def test_our_backend_may_stand_beside_others_or_be_a_subclass(settings, own, other):
    settings.AUTHENTICATION_BACKENDS = [other, own]

    assert found() == []


@pytest.mark.parametrize("stock", ["ModelBackend", "AllowAllUsersModelBackend"])
@pytest.mark.parametrize("comes_first", [True, False])
def test_W008_djangos_own_backend_beside_ours(settings, stock, comes_first):
    path = f"django.contrib.auth.backends.{stock}"
    settings.AUTHENTICATION_BACKENDS = [path, BACKEND] if comes_first else [BACKEND, path]

    assert found() == [
        Warn(
            f"AUTHENTICATION_BACKENDS has {stock} beside that of the accounts: it lets in whom "
            "Policy.may_log_in refuses, does not count attempts, and makes every wrong password "
            "cost two hashes.",
            hint=f'Take "{path}" out: permissions and groups work without it. What gives '
            "permissions alone is derived from BaseBackend.",
            id="useraccounts.W008",
        )
    ]


class EmailBackend(ModelBackend):
    def authenticate(self, request, username=None, password=None, **kwargs):
        """Ask the password of an address, as many old projects do."""


@pytest.mark.parametrize("comes_first", [True, False])
def test_W008_a_backend_of_the_project_beside_ours(settings, comes_first):
    path = f"{__name__}.EmailBackend"
    settings.AUTHENTICATION_BACKENDS = [path, BACKEND] if comes_first else [BACKEND, path]

    assert [message.id for message in found()] == ["useraccounts.W008"]


class Logged(ModelBackend):
    """Django's own, by a subclass that asks as it does."""


class TicketBackend(ModelBackend):
    def authenticate(self, request, ticket, service):
        """Ask for a ticket, as django-cas-ng does: Django passes it over for a password."""


class CodeBackend(ModelBackend):
    def authenticate(self, request, **kwargs):
        """Ask for what a provider has sent, as mozilla-django-oidc does, or for a password."""


class Counted(ModelBackend):
    def authenticate(self, *args, **kwargs):
        """Ask as Django does, by a wrapper that looks at nothing."""
        return super().authenticate(*args, **kwargs)


@pytest.mark.parametrize(
    "own, ids",
    [
        ("Logged", ["useraccounts.W008"]),
        ("TicketBackend", []),
        ("CodeBackend", ["useraccounts.W045"]),
        ("Counted", ["useraccounts.W045"]),
    ],
)
def test_W008_W045_tell_of_those_that_ask_for_a_password_or_may(settings, own, ids):
    settings.AUTHENTICATION_BACKENDS = [BACKEND, f"{__name__}.{own}"]

    assert [message.id for message in found()] == ids


class Elsewhere:
    def db_for_write(self, model, **hints):
        return "accounts" if model._meta.app_label == "useraccounts_sessions" else None


def test_E023_accounts_in_another_database(settings):
    settings.DATABASE_ROUTERS = [f"{__name__}.Elsewhere"]

    assert found() == [
        Error(
            'DATABASE_ROUTERS has tables of useraccounts_sessions written to "accounts": the flows '
            'begin their transactions on "default", so what fails would be done by half.',
            hint='Call the database of the accounts "default" in DATABASES.',
            id="useraccounts.E023",
        )
    ]


def test_a_project_that_chooses_no_backend_gets_ours():
    assert project.AUTHENTICATION_BACKENDS == [BACKEND]


def test_a_project_that_chooses_its_backends_keeps_them(settings):
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]

    apps.get_app_config("useraccounts").ready()

    assert project.AUTHENTICATION_BACKENDS == ["django.contrib.auth.backends.ModelBackend"]


def test_a_project_that_chooses_no_answer_to_old_forms_gets_ours(settings):
    assert project.CSRF_FAILURE_VIEW == "django_useraccounts.views.csrf_failure"
    settings.CSRF_FAILURE_VIEW = "django.views.csrf.csrf_failure"

    apps.get_app_config("useraccounts").ready()

    assert project.CSRF_FAILURE_VIEW == "django.views.csrf.csrf_failure"


@pytest.mark.parametrize(
    "path",
    [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
)
def test_E006_a_middleware_that_is_missing(settings, path):
    settings.MIDDLEWARE = [given for given in settings.MIDDLEWARE if given != path]

    assert found() == [
        Error(
            f"MIDDLEWARE has no {path.rpartition('.')[2]}.",
            hint=f'Add "{path}" to MIDDLEWARE.',
            id="useraccounts.E006",
        )
    ]


def test_a_middleware_may_be_a_function_or_missing_altogether(settings):
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE,
        "django.utils.decorators.sync_only_middleware",
        "no.such.middleware",
    ]

    assert found() == []


SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
LOGIN_REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"


class OwnAuthentication(AuthenticationMiddleware):
    """A project's own middleware below Django's."""


@pytest.mark.parametrize(
    "early, late",
    [
        (AUTHENTICATION, SESSIONS),
        (LOGIN_REQUIRED, AUTHENTICATION),
        (f"{__name__}.OwnAuthentication", SESSIONS),
        (LOGIN_REQUIRED, f"{__name__}.OwnAuthentication"),
    ],
)
def test_E009_a_middleware_before_the_one_that_it_needs(settings, early, late):
    others = [] if SESSIONS in (early, late) else [SESSIONS]
    rest = [AUTHENTICATION] if "Authentication" not in early + late else []
    settings.MIDDLEWARE = [*others, early, late, *rest]

    assert found() == [
        Error(
            f"MIDDLEWARE has {early.rpartition('.')[2]} before {late.rpartition('.')[2]}, without "
            "which it cannot work.",
            hint=f'Move "{late}" before "{early}".',
            id="useraccounts.E009",
        )
    ]


def test_every_middleware_may_follow_the_one_that_it_needs(settings):
    settings.MIDDLEWARE = [SESSIONS, AUTHENTICATION, LOGIN_REQUIRED]

    assert found() == []


# W016: the administration of users and groups


@pytest.mark.parametrize("parent", [StockUserAdmin, admin.ModelAdmin])
def test_W016_an_administration_that_does_not_call_the_flows(monkeypatch, parent):
    monkeypatch.setattr(admin.sites, "all_sites", WeakSet())
    office = admin.AdminSite("office")
    office.register(get_user_model(), type("OwnUserAdmin", (parent,), {"__module__": __name__}))

    assert found() == [
        Warn(
            "tests.ground.test_checks.OwnUserAdmin administers the users, and is no UserAdmin of "
            "the accounts: what is changed there is proved by nobody, told to nobody, and in no "
            "history.",
            hint="Inherit from django_useraccounts.admin.UserAdmin.",
            id="useraccounts.W016",
        )
    ]


@pytest.mark.parametrize("parent", [StockGroupAdmin, admin.ModelAdmin])
def test_W016_an_administration_where_groups_are_for_all_staff(monkeypatch, parent):
    monkeypatch.setattr(admin.sites, "all_sites", WeakSet())
    office = admin.AdminSite("office")
    office.register(Group, type("OwnGroupAdmin", (parent,), {"__module__": __name__}))

    assert found() == [
        Warn(
            "tests.ground.test_checks.OwnGroupAdmin administers the groups, and is no GroupAdmin "
            "of the accounts: whoever may change one there may give every permission to "
            "everybody, and no event tells of it.",
            hint="Inherit from django_useraccounts.admin.GroupAdmin.",
            id="useraccounts.W016",
        )
    ]


def test_W016_groups_that_are_administered_by_a_proxy(monkeypatch):
    monkeypatch.setattr(admin.sites, "all_sites", WeakSet())
    meta = type("Meta", (), {"proxy": True, "app_label": "zoo"})
    office = admin.AdminSite("office")
    with isolate_apps():
        clerks = type("Clerks", (Group,), {"__module__": __name__, "Meta": meta})
    office.register([Group, clerks], GroupAdmin)
    assert found() == []

    office.unregister(clerks)
    office.register(clerks, StockGroupAdmin)

    [message] = found()
    assert message.id == "useraccounts.W016"
    assert message.msg.startswith("django.contrib.auth.admin.GroupAdmin administers the groups")


def test_an_administration_may_inherit_ours_or_have_no_users(monkeypatch):
    monkeypatch.setattr(admin.sites, "all_sites", WeakSet())
    office, _gate = admin.AdminSite("office"), admin.AdminSite("gate")
    office.register(get_user_model(), type("OwnUserAdmin", (UserAdmin,), {}))
    office.register(Group, type("OwnGroupAdmin", (GroupAdmin,), {}))

    assert found() == []


def test_a_site_without_administration_is_not_asked_for_it(monkeypatch):
    monkeypatch.setattr(admin.sites, "all_sites", None)
    monkeypatch.setattr(apps, "is_installed", lambda name: name != "django.contrib.admin")

    assert list(parts.administration()) == []


# E010, E011: a user model that has lost something


def problems_of(**lost: object) -> list[CheckMessage]:
    """Check a subclass of AbstractUser that takes fields away from itself."""
    body = {"__module__": __name__, "Meta": type("Meta", (), {"app_label": "zoo"})}
    with isolate_apps():
        return list(parts.fields_of(type("Keeper", (AbstractUser,), {**body, **lost})))


@pytest.mark.parametrize(
    "name", ["email", "is_staff", "session_epoch", "username", "groups", "birthday"]
)
def test_E015_a_profile_with_what_people_may_not_edit(name):
    assert problems_of(PROFILE_FIELDS=("first_name", name)) == [
        Error(
            f'Keeper.PROFILE_FIELDS has "{name}", which is no column that people may edit.',
            hint=f'Take "{name}" out of PROFILE_FIELDS; names, addresses, passwords and rights have '
            "flows of their own, and relations a page of yours.",
            id="useraccounts.E015",
        )
    ]


def test_a_profile_may_have_columns_of_the_project():
    birthday = models.DateField(null=True)

    assert problems_of(birthday=birthday, PROFILE_FIELDS=("birthday",)) == []


def unique_by(*names: str) -> type:
    """Return a Meta whose constraint says that columns are unique together."""
    rule = models.UniqueConstraint(fields=names, name="keeper_unique")
    return type("Meta", (), {"app_label": "zoo", "constraints": [rule]})


@pytest.mark.parametrize(
    "lost",
    [
        {"badge": models.CharField(max_length=9, unique=True)},
        {"badge": models.IntegerField(unique=True, default=0)},
        {"badge": models.CharField(max_length=9), "Meta": unique_by("badge")},
        {"badge": models.CharField(max_length=9), "Meta": unique_by("is_staff", "badge")},
    ],
)
def test_W019_a_profile_that_only_one_account_could_have_emptied(lost):
    assert problems_of(PROFILE_FIELDS=("badge",), **lost) == [
        Warn(
            "Keeper.badge is part of the profile, unique, and never NULL: of two accounts that are "
            "anonymised, or handed over, only one can be emptied.",
            hint='Write null=True into the column "badge".',
            id="useraccounts.W019",
        )
    ]


@pytest.mark.parametrize("badge", [models.DateField(), models.IntegerField(unique=True)])
def test_W019_a_profile_that_no_account_can_have_emptied(badge):
    assert problems_of(PROFILE_FIELDS=("badge",), badge=badge) == [
        Warn(
            "Keeper.badge is part of the profile, never NULL, and has no default: no account can be "
            "anonymised, or handed over.",
            hint='Write null=True, or a default, into the column "badge".',
            id="useraccounts.W019",
        )
    ]


@pytest.mark.parametrize(
    "lost",
    [
        {"badge": models.CharField(max_length=9, unique=True, null=True)},
        {"badge": models.UUIDField(unique=True, default=uuid4)},
        {"badge": models.CharField(max_length=9)},
        {"badge": models.CharField(max_length=9, unique=True), "PROFILE_FIELDS": ()},
        {"badge": models.IntegerField(null=True), "Meta": unique_by("first_name", "badge")},
    ],
)
def test_a_profile_may_have_columns_that_can_be_emptied(lost):
    assert problems_of(**{"PROFILE_FIELDS": ("badge",), **lost}) == []


@pytest.mark.parametrize(
    "name",
    "password email is_active is_staff is_superuser session_epoch last_login date_joined "
    "language".split(),
)
@pytest.mark.parametrize("instead", [None, property(lambda self: True)])
def test_E010_a_user_model_without_a_field_that_the_accounts_need(name, instead):
    assert problems_of(**{name: instead}) == [
        Error(
            f'The user model zoo.Keeper has no field "{name}", which the accounts need.',
            hint=f'Take "{name} = …" out of the class Keeper, so that it inherits the field of '
            "AbstractUser.",
            id="useraccounts.E010",
        )
    ]


@pytest.mark.parametrize(
    "there, lacking", [("username", "username_key"), ("username_key", "username")]
)
def test_E011_a_username_without_its_key_or_a_key_without_username(there, lacking):
    assert problems_of(**{lacking: None}) == [
        Error(
            f'The user model zoo.Keeper has the field "{there}" without "{lacking}".',
            hint="Write both into the class Keeper, username = None and username_key = None, or "
            "neither.",
            id="useraccounts.E011",
        )
    ]


@pytest.mark.parametrize(
    "lost", [{}, {"username": None, "username_key": None}, {"first_name": None, "last_name": None}]
)
def test_a_user_model_may_go_without_names(lost):
    assert problems_of(**lost) == []


def test_the_shipped_user_models_have_all_that_is_needed():
    with isolate_apps():

        class Keeper(AbstractEmailUser):
            class Meta:
                app_label = "zoo"

        assert list(parts.fields_of(Keeper)) == []


def test_E010_manage_py_names_the_field_that_a_user_model_lacks(tmp_path):
    (tmp_path / "house.py").write_text(
        "from django_useraccounts.models import AbstractUser\n"
        "class Tenant(AbstractUser):\n"
        "    session_epoch = None\n"
        "    class Meta:\n"
        "        app_label = 'rent'\n"
    )
    (tmp_path / "rent").mkdir()
    (tmp_path / "rent" / "__init__.py").touch()
    (tmp_path / "rent" / "models.py").write_text("from house import Tenant\n")
    (tmp_path / "rent_settings.py").write_text(
        "from testproject.test_settings import *\n"
        "INSTALLED_APPS = [*INSTALLED_APPS, 'rent']\n"
        "AUTH_USER_MODEL = 'rent.Tenant'\n"
    )
    folders = f"{tmp_path}{os.pathsep}{ROOT}"
    environment = {**os.environ, "PYTHONPATH": folders, "DJANGO_SETTINGS_MODULE": "rent_settings"}

    done = subprocess.run(
        [sys.executable, "-m", "django", "check"],
        env=environment,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    assert (
        '(useraccounts.E010) The user model rent.Tenant has no field "session_epoch"' in done.stderr
    )


# E012, E013: templates


@pytest.fixture
def set_templates(settings):
    """Change the one entry of TEMPLATES."""

    def change(**changed: object) -> None:
        entry = deepcopy(settings.TEMPLATES[0])
        settings.TEMPLATES = [{**entry, **changed}]

    return change


NO_TEMPLATES = Error(
    "TEMPLATES does not find the templates of the accounts.",
    hint='Write "APP_DIRS": True beside "BACKEND": '
    '"django.template.backends.django.DjangoTemplates" in TEMPLATES.',
    id="useraccounts.E012",
)


def test_E012_templates_of_apps_are_not_looked_for(set_templates):
    set_templates(APP_DIRS=False)

    assert found() == [NO_TEMPLATES]


def test_E012_no_template_engine_at_all(settings):
    settings.TEMPLATES = []

    assert found() == [NO_TEMPLATES]


def test_E013_nobody_tells_templates_who_the_user_is(set_templates):
    set_templates(OPTIONS={"context_processors": []})

    assert found() == [
        Error(
            'TEMPLATES has no context processor for "user", which the account pages show.',
            hint='Add "django.contrib.auth.context_processors.auth" to "context_processors" in the '
            "OPTIONS of TEMPLATES.",
            id="useraccounts.E013",
        )
    ]


@pytest.mark.django_db
def test_the_pages_need_no_other_context_processor(client, set_templates):
    set_templates(OPTIONS={"context_processors": ["django.contrib.auth.context_processors.auth"]})
    log_in(client, make_user("maria"))

    response = client.get(reverse("useraccounts:change_password"))

    assert found() == []
    assert 'value="maria"' in response.content.decode()


def test_a_template_of_the_project_that_is_broken_is_told_by_others(set_templates, tmp_path):
    page = tmp_path / "useraccounts" / "login" / "login.html"
    page.parent.mkdir(parents=True)
    page.write_text("{% if %}")
    set_templates(DIRS=[tmp_path])

    assert found() == []


# E007, W003, W007: where mailed links lead


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "guild.example",
        "//guild.example",
        "ftp://guild.example",
        "https://",
        "https:guild.example",
        "https://guild.example/accounts",
        "https://guild.example?",
        "https://guild.example?x=1",
        "https://guild.example#top",
        "https://maria@guild.example",
        " https://guild.example",
        "https://guild example",
        "https://guild.example\n",
        "https://[::1",
        "https://guild.example:port",
    ],
)
def test_E007_an_origin_that_is_more_or_less_than_scheme_and_host(set_conf, origin):
    set_conf(ORIGIN=origin)

    assert found() == [
        Error(
            f'USERACCOUNTS["ORIGIN"] is "{origin}".',
            hint='Write scheme and host only, like "https://example.com".',
            id="useraccounts.E007",
        )
    ]


@pytest.mark.parametrize(
    "origin",
    [
        "https://guild.example",
        "https://guild.example/",
        "http://localhost:8000",
        "https://guild.example:8443",
        "http://[::1]:8000",
        "HTTPS://Guild.example",
    ],
)
def test_an_origin_has_scheme_and_host(set_conf, origin):
    set_conf(ORIGIN=origin)

    assert found() == []


def test_W007_links_lead_to_http_and_the_site_to_https(set_conf, settings):
    set_conf(ORIGIN="http://guild.example:8000/")
    settings.SECURE_SSL_REDIRECT = True

    assert found() == [
        Warn(
            "SECURE_SSL_REDIRECT sends people to https, and mailed links lead to http.",
            hint='Write USERACCOUNTS = {"ORIGIN": "https://guild.example:8000"}.',
            id="useraccounts.W007",
        )
    ]


def test_W003_any_host_and_no_origin(set_conf, settings):
    set_conf(ORIGIN=None)
    assert found() == []
    settings.ALLOWED_HOSTS = ["*"]

    assert found() == [
        Warn(
            'ALLOWED_HOSTS has "*" and USERACCOUNTS has no ORIGIN: a forged Host header '
            "chooses where mailed links lead.",
            hint='Write USERACCOUNTS = {"ORIGIN": "https://example.com"}.',
            id="useraccounts.W003",
        )
    ]

    set_conf(ORIGIN="https://guild.example")
    assert found() == []


@pytest.mark.usefixtures("sites_framework")
def test_any_host_will_do_where_the_sites_framework_knows_the_host(set_conf, settings):
    set_conf(ORIGIN=None)
    settings.ALLOWED_HOSTS = ["*"]

    assert found() == []


# E008: rooms


def test_E008_a_room_needs_another_app(settings):
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "tests.ground.annex"]

    assert found() == [
        Error(
            "tests.ground.annex needs django.contrib.humanize.",
            hint='Add "django.contrib.humanize" to INSTALLED_APPS.',
            id="useraccounts.E008",
        )
    ]

    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django.contrib.humanize"]
    assert found() == []


# W001, W002: passwords


@pytest.mark.parametrize(
    "hashers",
    [
        ["django.contrib.auth.hashers.PBKDF2PasswordHasher"],
        ["django.contrib.auth.hashers.MD5PasswordHasher", ARGON2],
        ["no.such.Hasher"],
    ],
)
def test_W001_argon2_is_not_the_first_hasher(settings, hashers):
    settings.PASSWORD_HASHERS = hashers

    assert found() == [
        Warn(
            "PASSWORD_HASHERS does not begin with Argon2, which withstands guessing best.",
            hint=f'Write PASSWORD_HASHERS = ["{ARGON2}", …], others after it for old passwords.',
            id="useraccounts.W001",
        )
    ]


def test_argon2_comes_first(settings):
    settings.PASSWORD_HASHERS = [ARGON2, "django.contrib.auth.hashers.PBKDF2PasswordHasher"]

    assert found() == []


def test_W002_any_password_will_do(settings):
    settings.AUTH_PASSWORD_VALIDATORS = []

    assert found() == [
        Warn(
            "AUTH_PASSWORD_VALIDATORS is empty: any password will do, “1” included.",
            hint="Copy the list that startproject writes into settings.py.",
            id="useraccounts.W002",
        )
    ]


# W004: a server of mail that is silent

W004 = Warn(
    "Mail goes out by SMTP without a time limit: a server that is silent holds all mail.",
    hint='Write EMAIL_TIMEOUT = 30, or from Django 6.1 on "timeout": 30 in the OPTIONS of MAILERS.',
    id="useraccounts.W004",
)


@pytest.mark.skipif(hasattr(mail, "mailers"), reason="Django 6.1 has MAILERS")
@pytest.mark.parametrize(
    "backend, timeout, expected",
    [
        (SMTP, None, [W004]),
        (SMTP, 0, [W004]),
        (SMTP, 30, []),
        ("django.core.mail.backends.locmem.EmailBackend", None, []),
        ("anymail.backends.postmark.EmailBackend", None, []),
    ],
)
def test_W004_smtp_without_a_time_limit(settings, backend, timeout, expected):
    settings.EMAIL_BACKEND, settings.EMAIL_TIMEOUT = backend, timeout

    assert found() == expected


@pytest.mark.parametrize(
    "mailer, expected",
    [
        ({"BACKEND": SMTP}, [W004]),
        ({}, [W004]),
        ({"BACKEND": SMTP, "OPTIONS": {}}, [W004]),
        ({"OPTIONS": {"host": "mail.example.com", "timeout": None}}, [W004]),
        ({"BACKEND": SMTP, "OPTIONS": {"timeout": 30}}, []),
        ({"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}, []),
    ],
)
def test_W004_a_mailer_without_a_time_limit(settings, mailer, expected):
    settings.MAILERS = {"default": mailer}

    assert found() == expected


# W005: where people log in, and where they go on


def no_page(name: str, url: object, ours: str) -> list[CheckMessage]:
    return [
        Warn(
            f"{name} is {url!r}, where there is no page.",
            hint=f'Write {name} = "{ours}".',
            id="useraccounts.W005",
        )
    ]


@pytest.fixture
def script_name(settings):
    """Have the site below a path, as FORCE_SCRIPT_NAME says it."""
    settings.FORCE_SCRIPT_NAME = "/app"
    settings.LOGIN_URL, settings.LOGIN_REDIRECT_URL = "useraccounts:login", "useraccounts:profile"
    set_script_prefix("/app/")
    yield
    set_script_prefix("/")


@pytest.mark.usefixtures("script_name")
def test_W005_a_login_page_that_is_not_there_below_the_path_of_the_site(settings):
    settings.LOGIN_URL = "/app/login/"

    assert found() == no_page("LOGIN_URL", "/app/login/", "useraccounts:login")


@pytest.mark.parametrize("url", ["/no-such-page/", "/accounts/", "login/", "login", "guild:login"])
@pytest.mark.parametrize(
    "name, ours",
    [("LOGIN_URL", "useraccounts:login"), ("LOGIN_REDIRECT_URL", "useraccounts:profile")],
)
def test_W005_a_page_of_the_login_that_is_not_there(settings, name, ours, url):
    # "login" is the name that a project comes from which has used Django's own views
    setattr(settings, name, url)

    assert found() == no_page(name, url, ours)


@pytest.mark.parametrize("name", ["LOGIN_URL", "LOGIN_REDIRECT_URL"])
@pytest.mark.parametrize(
    "url",
    [
        "/accounts/login/",
        "useraccounts:login",
        reverse_lazy("useraccounts:login"),
        "home",
        "/accounts/login/?from=guard",
        "https://app.example.com/start",
        "https://login.example.com/",
    ],
)
def test_a_page_of_the_login_may_be_named_be_a_path_or_be_elsewhere(settings, name, url):
    setattr(settings, name, url)

    assert found() == []


@pytest.mark.usefixtures("script_name")
def test_the_pages_of_the_login_may_lie_below_the_path_of_the_site():
    assert found() == []


# W017: pages of Django in the place of ours


def django_answers(path: str, view: str) -> CheckMessage:
    return Warn(
        f"{path} is answered by django.contrib.auth.views.{view}, which knows nothing of the "
        "accounts, their limits, mails and history.",
        hint='Take include("django.contrib.auth.urls"), and what else leads there, out of the '
        "URLs.",
        id="useraccounts.W017",
    )


@pytest.mark.parametrize("is_first", [True, False])
def test_W017_pages_of_django_that_are_left_from_before(settings, is_first):
    stock = path("accounts/", include("django.contrib.auth.urls"))
    ours = path("", include("testproject.urls"))
    settings.ROOT_URLCONF = (stock, ours) if is_first else (ours, stock)

    left = [
        django_answers("/accounts/password_change/", "PasswordChangeView"),
        django_answers("/accounts/password_reset/", "PasswordResetView"),
    ]
    assert found() == [*([django_answers("/accounts/login/", "LoginView")] * is_first), *left]


def test_W017_a_login_page_that_inherits_from_that_of_django(settings):
    own = type("OwnLoginView", (StockLoginView,), {"__module__": __name__})
    own_page = path("sesame/", own.as_view(), name="login")
    settings.ROOT_URLCONF = (own_page, path("", include("testproject.urls")))

    [message] = found()
    assert message.id == "useraccounts.W017"
    assert message.msg.startswith(f"/sesame/ is answered by {__name__}.OwnLoginView, which")


def test_pages_of_ours_may_have_the_names_of_django(settings):
    settings.ROOT_URLCONF = (
        path("accounts/login/", LoginView.as_view(), name="login"),
        path("new/", RedirectView.as_view(pattern_name="home"), name="password_change"),
        path("", include("testproject.urls")),
    )

    assert found() == []
