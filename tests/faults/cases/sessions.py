"""People log in where the room of sessions watches, and end sessions."""

from datetime import timedelta

from django.http import HttpRequest
from django.utils import timezone

from django_useraccounts.devices import COOKIE
from django_useraccounts.emails.flows.rows import as_they_were
from django_useraccounts.login.flows import log_in, log_out
from django_useraccounts.models import AbstractUser, UserEmail
from django_useraccounts.secrets import issue
from django_useraccounts.sessions.flows import (
    disown_login,
    end_logged_out,
    end_other_sessions,
    end_session,
    record_session,
)
from django_useraccounts.sessions.keeping import SESSION_KEY, carry_row, watch
from django_useraccounts.sessions.models import DISOWN_LOGIN, LoginSession
from django_useraccounts.testing import PASSWORD, make_user
from tests.faults.cases.login import request_of
from tests.faults.harness import Act, case


def row_of(user: AbstractUser, *, hours: int = 1, device: str = "known") -> LoginSession:
    """Return the row of a session that began some hours ago."""
    then = timezone.now() - timedelta(hours=hours)
    return LoginSession.objects.create(
        user=user, epoch=user.session_epoch, device_key=device, started_at=then, seen_at=then
    )


def watched(user: AbstractUser | None = None) -> HttpRequest:
    """Return a request that has come through the middleware, of a browser that is known."""
    request = request_of(user)
    request.COOKIES[COOKIE] = "t" * 43
    watch(request)
    if user:
        carry_row(request, row_of(user))
        request.session.save()
    return request


@case(record_session)
def of_a_new_device() -> Act:
    row_of(make_user("maria"))
    request = watched()
    return lambda: log_in("maria", password=PASSWORD, request=request)


@case(record_session, SESSIONS={"PER_USER": 2})
def beyond_the_limit_and_once_more_in_this_browser() -> Act:
    maria = make_user("maria")
    for hours in range(2, 5):
        row_of(maria, hours=hours)
    request = watched(maria)
    return lambda: log_in("maria", password=PASSWORD, request=request)


@case(end_logged_out)
def in_one_of_two_browsers_that_are_watched() -> Act:
    maria = make_user("maria")
    row_of(maria, hours=3)
    request = watched(maria)
    return lambda: log_out(request=request)


@case(end_session)
def by_its_user() -> Act:
    row = row_of(make_user("maria"))
    return lambda: end_session(row)


@case(end_session)
def by_an_administrator() -> Act:
    admin, row = make_user("admin"), row_of(make_user("maria"))
    return lambda: end_session(row, by=admin)


@case(end_other_sessions)
def in_one_of_three_browsers() -> Act:
    maria = make_user("maria")
    row_of(maria, hours=3)
    request_of(maria)
    request = watched(maria)
    assert request.session[SESSION_KEY]
    return lambda: end_other_sessions(maria, request=request)


@case(disown_login)
def with_an_address_that_the_thief_has_added() -> Act:
    maria = make_user("maria")
    row_of(maria)
    request_of(maria)
    own = maria.emails.get()
    secret = issue(DISOWN_LOGIN, address=own, pending=as_they_were([own]))
    UserEmail.objects.add_proved(maria, "evil@example.com")
    return lambda: disown_login(secret)
