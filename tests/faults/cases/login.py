"""Somebody logs in or out, or gives the password again."""

from contextlib import suppress

from django.contrib import auth
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.test import RequestFactory

from django_useraccounts.errors import EmailNotConfirmed
from django_useraccounts.login.flows import confirm_identity, log_in, log_out
from django_useraccounts.models import AbstractUser
from django_useraccounts.secrets import CONFIRM_EMAIL, issue
from django_useraccounts.testing import PASSWORD, make_user
from tests.faults.harness import Act, case


def request_of(user: AbstractUser | None = None) -> HttpRequest:
    """Return a request of a browser, in which the user is logged in."""
    request = RequestFactory().post("/")
    request.session, request.user = SessionStore(), AnonymousUser()
    if user:
        auth.login(request, user)
        request.session.save()
    return request


@case(log_in)
def with_the_right_password() -> Act:
    make_user("maria")
    request = request_of()
    return lambda: log_in("maria", password=PASSWORD, remember=True, request=request)


@case(log_in)
def before_the_address_is_confirmed() -> Act:
    issue(CONFIRM_EMAIL, address=make_user("frida", confirmed=False).emails.get())
    request = request_of()

    def act() -> None:
        with suppress(EmailNotConfirmed):
            log_in("frida", password=PASSWORD, browser_token="b", request=request)

    return act


@case(log_out)
def in_one_of_two_browsers() -> Act:
    maria = make_user("maria")
    request_of(maria)
    request = request_of(maria)
    return lambda: log_out(request=request)


@case(confirm_identity)
def with_the_own_password() -> Act:
    maria = make_user("maria")
    request = request_of(maria)
    return lambda: confirm_identity(maria, password=PASSWORD, request=request)
