"""What manage.py check says about the room."""

from datetime import timedelta

import pytest
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.core.checks import Error
from django.core.checks import Warning as Warn

from django_useraccounts.conf import problems
from django_useraccounts.sessions.checks import check_sessions, check_sessions_deployed
from django_useraccounts.sessions.conf import SessionsConf
from django_useraccounts.sessions.middleware import SessionsMiddleware
from tests.sessions.visits import AUTHENTICATION, MIDDLEWARE, OURS

pytestmark = pytest.mark.one_database

MESSAGES = "django.contrib.messages.middleware.MessageMiddleware"


class OwnAuthentication(AuthenticationMiddleware):
    pass


class OwnSessions(SessionsMiddleware):
    pass


def found():
    return check_sessions(None)


def error(number, message, hint):
    return Error(message, hint=hint, id=f"useraccounts_sessions.{number}")


def without(*names):
    return [name for name in MIDDLEWARE if name not in names]


def test_a_site_with_the_middleware_is_in_order(settings):
    assert found() == []

    own = {AUTHENTICATION: f"{__name__}.OwnAuthentication", OURS: f"{__name__}.OwnSessions"}
    settings.MIDDLEWARE = [own.get(name, name) for name in MIDDLEWARE]
    assert found() == []


def test_E001_the_middleware_is_missing(settings):
    settings.MIDDLEWARE = without(OURS)

    assert found() == [
        error(
            "E001",
            "MIDDLEWARE has no SessionsMiddleware: a session that was ended goes on.",
            f'Add "{OURS}" right after "{AUTHENTICATION}".',
        )
    ]


def test_without_authentication_the_accounts_tell_of_it(settings):
    settings.MIDDLEWARE = without(OURS, AUTHENTICATION)

    assert found() == []


@pytest.mark.parametrize("place", ["first", "last", "one late"])
def test_E002_the_middleware_stands_elsewhere(settings, place):
    others = without(OURS)
    late = others.index(AUTHENTICATION) + 2
    number = {"first": 0, "last": len(others), "one late": late}[place]
    settings.MIDDLEWARE = [*others[:number], OURS, *others[number:]]

    assert found() == [
        error(
            "E002",
            "MIDDLEWARE does not have SessionsMiddleware right after AuthenticationMiddleware: "
            "what stands between sees the user of a session that was ended.",
            f'Move "{OURS}" right after "{AUTHENTICATION}".',
        )
    ]


def test_E003_sessions_are_kept_in_cookies(settings):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"

    assert found() == [
        error(
            "E003",
            "SESSION_ENGINE keeps sessions in cookies: a copy of a cookie from before brings back "
            "what has ended since.",
            'Write SESSION_ENGINE = "django.contrib.sessions.backends.cached_db".',
        )
    ]


def test_E004_a_session_would_end_while_somebody_reads(set_conf):
    set_conf(SESSIONS={"IDLE_MAX_AGE": timedelta(0)})

    assert found() == [
        error(
            "E004",
            'USERACCOUNTS["SESSIONS"]["IDLE_MAX_AGE"] is 0:00:00: people would be logged out while '
            "they read a page.",
            "Write at least timedelta(minutes=1).",
        )
    ]


def test_E005_one_age_makes_the_other_senseless(set_conf):
    set_conf(SESSIONS={"MAX_AGE": timedelta(days=2)})

    assert found() == [
        error(
            "E005",
            'USERACCOUNTS["SESSIONS"]["MAX_AGE"] is 2 days, 0:00:00, shorter than IDLE_MAX_AGE, '
            "14 days, 0:00:00.",
            "Write a MAX_AGE that is longer, or a shorter IDLE_MAX_AGE.",
        )
    ]


@pytest.mark.parametrize(
    "given",
    [{"IDLE_MAX_AGE": 7}, {"MAX_AGE": None}, {"PER_USER": -1}, {"TELL_NEW_DEVICE": "no"}, {"X": 1}],
)
def test_what_is_of_another_kind_is_told_by_the_accounts(set_conf, given):
    set_conf(SESSIONS=given)

    assert found() == []
    assert len(list(problems({"SESSIONS": SessionsConf}))) == 1


def test_W001_browsers_cannot_be_told_in_words(monkeypatch):
    monkeypatch.setattr("django_useraccounts.sessions.agents.find_spec", lambda name: None)

    assert found() == [
        Warn(
            "ua-parser is not installed: people read “Unknown browser” wherever they are logged "
            "in.",
            hint='Install it: pip install "django_useraccounts[sessions]".',
            id="useraccounts_sessions.W001",
        )
    ]


# What weakens a site in production


def weak(number, message, hint):
    return [Warn(message, hint=hint, id=f"useraccounts_sessions.{number}")]


def test_W002_W003_sessions_that_go_on_for_long(set_conf):
    set_conf(SESSIONS={"MAX_AGE": timedelta(days=91)})
    assert check_sessions_deployed(None) == weak(
        "W002",
        'USERACCOUNTS["SESSIONS"]["MAX_AGE"] is 91 days, 0:00:00: a stolen session that is used '
        "goes on for that long.",
        "Make it 90 days, 0:00:00 at most, or leave it out.",
    )

    set_conf(SESSIONS={"IDLE_MAX_AGE": timedelta(days=31)})
    assert check_sessions_deployed(None) == weak(
        "W003",
        'USERACCOUNTS["SESSIONS"]["IDLE_MAX_AGE"] is 31 days, 0:00:00: a stolen session that '
        "nobody uses goes on for that long.",
        "Make it 30 days, 0:00:00 at most, or leave it out.",
    )


def test_W004_logins_that_nobody_is_told_of(set_conf):
    set_conf(SESSIONS={"TELL_NEW_DEVICE": False})
    assert check_sessions_deployed(None) == weak(
        "W004",
        'USERACCOUNTS["SESSIONS"] has "TELL_NEW_DEVICE": False: people are not told when somebody '
        "else logs in to their accounts.",
        'Write "TELL_NEW_DEVICE": True, or leave it out.',
    )

    set_conf(EMAIL="off")
    assert check_sessions_deployed(None) == []


@pytest.mark.parametrize("given", [{"IDLE_MAX_AGE": 7}, {"MAX_AGE": None}])
def test_an_age_that_is_none_is_not_measured(set_conf, given):
    set_conf(SESSIONS=given)

    assert check_sessions_deployed(None) == []
