"""System checks: what is wrong, and the line to write."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.conf import settings as project
from django.core import mail
from django.core.checks import CheckMessage, Error, run_checks
from django.core.checks import Warning as Warn
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.urls import reverse_lazy

from django_useraccounts import checks
from django_useraccounts.checks import check_role_names, check_useraccounts
from django_useraccounts.models import Role
from django_useraccounts.policy import Policy

ARGON2 = "django.contrib.auth.hashers.Argon2PasswordHasher"
BACKEND = "django_useraccounts.backends.AccountsBackend"
SMTP = "django.core.mail.backends.smtp.EmailBackend"
KNOWN = (
    "Known are: ORIGIN, SITE_NAME, POLICY, CONFIRM_EMAIL_BEFORE_LOGIN, LINK_MAX_AGE, "
    "RECENT_LOGIN_MAX_AGE, MAIL_DELIVERY, LIMITS, PROXIES, RESERVED_USERNAMES, UNICODE_USERNAMES."
)


def found() -> list[CheckMessage]:
    return check_useraccounts(None)


@pytest.mark.django_db
def test_the_settings_of_the_tests_are_in_order():
    assert found() == []
    assert [message for message in run_checks() if str(message.id).startswith("useraccounts")] == []


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
            {"MAIL_DELIVERY": "celery"},
            "USERACCOUNTS[\"MAIL_DELIVERY\"] is 'celery'.",
            (
                'It has to be "thread" or "immediate" or "command"; '
                "leave it out for the default, 'thread'."
            ),
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
            {"RESERVED_USERNAMES": "boss"},
            "USERACCOUNTS[\"RESERVED_USERNAMES\"] is 'boss'.",
            "It has to be a frozenset of lower-case names.",
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


def test_E001_every_wrong_setting_is_told_at_once(settings):
    settings.USERACCOUNTS = {"SITENAME": "Guild", "PROXIES": "1", "ORIGIN": "https://guild.example"}

    assert [message.id for message in found()] == ["useraccounts.E001"] * 2


def test_every_setting_may_be_given(settings):
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
        "RESERVED_USERNAMES": ["boss"],
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
            hint="Known are: login, register, mail, password.",
            id="useraccounts.E002",
        )
    ]


@pytest.mark.parametrize(
    "rates, shown",
    [
        ({"identifier": "10 in 5m"}, "'identifier': '10 in 5m'"),
        ({"identifier": 10}, "'identifier': 10"),
        ({"client": None}, "'client': None"),
        ({"network": "10/5m"}, "'network': '10/5m'"),
    ],
)
def test_E002_a_limit_that_cannot_be_read(set_conf, rates, shown):
    set_conf(LIMITS={"login": rates})

    assert found() == [
        Error(
            f'USERACCOUNTS["LIMITS"]["login"] has {shown}.',
            hint="Write \"LIMITS\": {\"login\": {'identifier': '10/5m', 'client': '100/5m'}}.",
            id="useraccounts.E002",
        )
    ]


@pytest.mark.parametrize("rates", ["10/5m", None, ["10/5m"]])
def test_E002_a_purpose_without_a_dictionary_is_reported_and_no_crash(set_conf, rates):
    set_conf(LIMITS={"login": rates})

    assert [message.id for message in found()] == ["useraccounts.E002"]


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
def test_our_backend_may_stand_beside_others_or_be_a_subclass(settings, own):
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend", own]

    assert found() == []


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


def test_any_host_will_do_where_the_sites_framework_knows_the_host(set_conf, settings):
    set_conf(ORIGIN=None)
    settings.ALLOWED_HOSTS = ["*"]
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django.contrib.sites"]

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


# W005: where people log in


def no_page(url: object) -> list[CheckMessage]:
    return [
        Warn(
            f"LOGIN_URL is {url!r}, where there is no page.",
            hint='Write LOGIN_URL = "useraccounts:login".',
            id="useraccounts.W005",
        )
    ]


@pytest.mark.parametrize("url", ["/no-such-page/", "/accounts/", "login/", "login", "guild:login"])
def test_W005_a_login_page_that_is_not_there(settings, url):
    # "login" is the name that a project comes from which has used Django's own views
    settings.LOGIN_URL = url

    assert found() == no_page(url)


@pytest.mark.parametrize(
    "url",
    [
        "/accounts/login/",
        "useraccounts:login",
        reverse_lazy("useraccounts:login"),
        "home",
        "/accounts/login/?from=guard",
    ],
)
def test_a_login_page_may_be_named_or_be_a_path(settings, url):
    settings.LOGIN_URL = url

    assert found() == []


# W006: roles that guards ask for


@pytest.fixture
def guarded(monkeypatch):
    """What guards of the process ask for: here, of a small project."""
    names: set[str] = set()
    monkeypatch.setattr(checks, "guarded_names", names)
    return names


@pytest.mark.django_db
def test_W006_names_that_no_role_has(guarded):
    guarded.update(["starving", "artits", "unheard-of"])
    Role.objects.create(name="starving")
    Role.objects.create(name="artist")

    assert check_role_names(None, databases=["default"]) == [
        Warn(
            'A guard asks for the role "artits", which does not exist: nobody can pass.',
            hint='Did you mean "artist"?',
            id="useraccounts.W006",
        ),
        Warn(
            'A guard asks for the role "unheard-of", which does not exist: nobody can pass.',
            hint='Role.objects.create(name="unheard-of") makes it.',
            id="useraccounts.W006",
        ),
    ]


@pytest.mark.django_db
def test_all_roles_that_guards_ask_for_are_there(guarded):
    guarded.update(["starving"])
    Role.objects.create(name="starving")

    assert check_role_names(None, databases=["default"]) == []


@pytest.mark.django_db
def test_roles_are_looked_for_only_where_a_database_is_named(guarded, django_assert_num_queries):
    guarded.update(["starving"])

    with django_assert_num_queries(0):
        assert check_role_names(None) == []
        assert check_role_names(None, databases=[]) == []


@pytest.mark.django_db
def test_a_project_without_guards_asks_for_nothing(guarded, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert check_role_names(None, databases=["default"]) == []


@pytest.mark.django_db
def test_before_the_first_migration_there_is_nothing_to_look_for(guarded, monkeypatch):
    guarded.update(["starving"])
    monkeypatch.setattr(Role._meta, "db_table", "not_migrated_yet")

    assert check_role_names(None, databases=["default"]) == []


@pytest.mark.django_db
def test_the_command_tells_of_roles_that_are_missing(guarded, capsys):
    guarded.update(["starving"])

    call_command("check", databases=["default"])

    assert '(useraccounts.W006) A guard asks for the role "starving"' in capsys.readouterr().err
