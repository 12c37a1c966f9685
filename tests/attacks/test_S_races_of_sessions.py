"""S. Races of sessions: begun, used, ended and counted at the same moment."""

from datetime import timedelta
from functools import partial

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.utils import timezone

from django_useraccounts.models import AccountEvent, OutgoingMail
from django_useraccounts.sessions.flows import end_session
from django_useraccounts.sessions.models import LoginSession
from django_useraccounts.testing import make_user
from tests.attacks.browsers import PASSWORD, url
from tests.attacks.races import at_once, served_by
from tests.attacks.test_S_races import posting, repeatedly
from tests.attacks.test_S_races import surfers as surfers_of_the_site
from tests.sessions.visits import MIDDLEWARE

pytestmark = pytest.mark.django_db(transaction=True)

__all__ = ["surfers_of_the_site"]  # a fixture

User = get_user_model()


@pytest.fixture
def surfers(live_server, surfers_of_the_site):
    with served_by(live_server, MIDDLEWARE):
        yield surfers_of_the_site


def rounds():
    """Yield as ``repeatedly`` does, without what hangs on the rows that it deletes."""
    LoginSession.objects.all().delete()
    for number in repeatedly():
        yield number
        LoginSession.objects.all().delete()


def logging_in(surfer):
    return posting(surfer, url("login"), identifier="maria", password=PASSWORD)


def looking(surfer):
    return lambda: surfer.get(url("profile")).status


def ending(row):
    """End a session in a thread, and leave no connection behind."""
    try:
        end_session(row)
    finally:
        connection.close()


def fresh(surfer):
    """Let a browser be nobody's, with all of its cookies but the token."""
    for name in ("sessionid", "useraccounts_device_token"):
        surfer.cookies.pop((name, "/"), None)
    surfer.get(url("login"))
    return surfer


def test_J10_of_twenty_logins_at_once_so_many_sessions_live_as_may(surfers, set_conf):
    set_conf(SESSIONS={"PER_USER": 3})
    many = surfers(20)
    for _ in rounds():
        maria = make_user("maria")

        answers = at_once(*[logging_in(fresh(surfer)) for surfer in many])

        assert [answer.status for answer in answers] == [302] * 20
        assert LoginSession.objects.count() == 20
        assert LoginSession.objects.live(maria).count() == 3
        assert [looking(surfer)() for surfer in many].count(200) == 3


def test_a_login_while_all_others_are_ended(surfers):
    owner, other = surfers(2)
    for _ in rounds():
        maria = make_user("maria")
        fresh(owner).post(url("login"), {"identifier": "maria", "password": PASSWORD})
        owner.get(url("end_other_sessions"))
        fresh(other)

        answers = at_once(posting(owner, url("end_other_sessions")), logging_in(other))

        assert [answer.status for answer in answers] == [302, 302]
        assert looking(owner)() == 200
        maria.refresh_from_db()
        # It came after, or it has ended: never is it in and not in the list.
        is_in = looking(other)() == 200
        assert LoginSession.objects.live(maria).count() == 1 + is_in


def test_J3_a_session_ends_while_its_use_is_written_down(surfers):
    (surfer,) = surfers(1)
    for _ in rounds():
        make_user("maria")
        fresh(surfer).post(url("login"), {"identifier": "maria", "password": PASSWORD})
        row = LoginSession.objects.get()
        LoginSession.objects.update(seen_at=timezone.now() - timedelta(hours=1))

        at_once(partial(ending, row), looking(surfer), looking(surfer))

        row.refresh_from_db()
        assert row.ended_at
        assert looking(surfer)() == 302


def test_two_clicks_on_the_button_log_in(surfers):
    (surfer,) = surfers(1)
    for _ in rounds():
        make_user("maria")
        fresh(surfer)

        answers = at_once(logging_in(surfer), logging_in(surfer))

        assert [answer.status for answer in answers] == [302, 302]
        assert looking(surfer)() == 200


def test_a_session_without_a_row_gets_one_by_two_requests_at_once(surfers):
    (surfer,) = surfers(1)
    for _ in rounds():
        surfer.be(make_user("maria"))

        assert at_once(looking(surfer), looking(surfer), looking(surfer)) == [200] * 3

        assert LoginSession.objects.count() == 1
        end_session(LoginSession.objects.get())
        assert looking(surfer)() == 302


def test_one_session_is_ended_twice_at_once_and_told_once(surfers):
    owner, other = surfers(2)
    for _ in rounds():
        make_user("maria")
        for surfer in (other, owner):
            fresh(surfer).post(url("login"), {"identifier": "maria", "password": PASSWORD})
        row = LoginSession.objects.earliest("started_at")
        page = url("end_session", row.pk)
        owner.get(page)

        answers = at_once(posting(owner, page), posting(owner, page))

        assert [answer.status for answer in answers] == [302, 302]
        assert AccountEvent.objects.filter(kind="session_ended").count() == 1
        assert looking(other)() == 302
        assert looking(owner)() == 200


def test_a_new_browser_that_clicks_twice_is_told_once_or_for_each_cookie(surfers):
    owner, other = surfers(2)
    for _ in rounds():
        make_user("maria")
        fresh(owner).post(url("login"), {"identifier": "maria", "password": PASSWORD})
        fresh(other)

        at_once(logging_in(other), logging_in(other))

        # Before the first answer each request makes a token of its own.
        assert OutgoingMail.objects.filter(kind="new_login").count() in {1, 2}
