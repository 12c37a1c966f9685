"""When the person at a browser has last proved who it is."""

import time
from datetime import timedelta

import pytest
from django.contrib.sessions.backends.signed_cookies import SessionStore

from django_useraccounts.proof import is_proof_recent, stamp_proof


@pytest.fixture
def request_with_session(rf):
    request = rf.get("/")
    request.session = SessionStore()
    return request


def test_a_proof_is_recent_until_it_is_fifteen_minutes_old(request_with_session, monkeypatch):
    now = time.time()
    stamp_proof(request_with_session)

    monkeypatch.setattr(time, "time", lambda: now + 15 * 60 - 1)
    assert is_proof_recent(request_with_session)
    monkeypatch.setattr(time, "time", lambda: now + 15 * 60 + 1)
    assert not is_proof_recent(request_with_session)


def test_a_site_says_how_long_a_proof_is_recent(request_with_session, set_conf, monkeypatch):
    set_conf(RECENT_LOGIN_MAX_AGE=timedelta(hours=2))
    now = time.time()
    stamp_proof(request_with_session)

    monkeypatch.setattr(time, "time", lambda: now + 7000)

    assert is_proof_recent(request_with_session)


def test_a_proof_from_the_future_is_asked_for_again(request_with_session, monkeypatch):
    now = time.time()
    stamp_proof(request_with_session)

    monkeypatch.setattr(time, "time", lambda: now - 3600)

    assert not is_proof_recent(request_with_session)


def test_who_has_proved_nothing_has_no_recent_proof(request_with_session, rf):
    assert not is_proof_recent(request_with_session)
    assert not is_proof_recent(rf.get("/"))  # a project without sessions
