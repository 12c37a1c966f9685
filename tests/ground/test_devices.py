"""Which browsers an account trusts: those that have logged in to it, and no others."""

import pytest
from django.http import HttpResponse

from django_useraccounts.devices import (
    COOKIE,
    device_key,
    forget_notes,
    is_trusted_device,
    remember_device,
    trust_device,
)
from django_useraccounts.models import User


def user(pk=1, epoch=0):
    return User(pk=pk, username=f"user{pk}", session_epoch=epoch)


@pytest.fixture
def visit(rf):
    """Make a request with a cookie: ``visit(cookie)``, and log somebody in: ``visit(c, who)``."""

    def request_of(cookie="", who=None, **extra):
        request = rf.get("/", **extra)
        if cookie:
            request.COOKIES[COOKIE] = cookie
        if who:
            trust_device(request, who)
        return request

    return request_of


@pytest.fixture
def log_in(visit):
    """Log somebody in and return the cookie that the browser has then."""

    def cookie_of(who, cookie="", **extra):
        response = HttpResponse()
        remember_device(response, visit(cookie, who, **extra))
        return response.cookies[COOKIE].value

    return cookie_of


def trusting(request, *users):
    return [user.pk for user in users if is_trusted_device(request, user)]


def test_a_browser_is_trusted_by_the_account_that_has_logged_in_there_alone(visit, log_in):
    request = visit(log_in(user(1)))

    assert is_trusted_device(request, user(1))
    assert trusting(request, *map(user, (2, 11, "", None, "0|1"))) == []
    assert not is_trusted_device(request, None)
    assert not is_trusted_device(None, user(1))


def test_a_browser_is_trusted_until_the_sessions_are_ended(visit, log_in):
    request = visit(log_in(user(1, epoch=3)))

    assert not is_trusted_device(request, user(1, epoch=4))
    assert is_trusted_device(visit(log_in(user(1, epoch=4))), user(1, epoch=4))


def test_a_browser_keeps_its_token_and_the_five_accounts_that_logged_in_last(visit, log_in):
    cookie, keys = "", set()
    for pk in (1, 2, 3, 4, 5, 2, 6):
        cookie = log_in(user(pk), cookie)
        keys.add(device_key(visit(cookie)))

    assert len(keys) == 1
    assert trusting(visit(cookie), *map(user, range(1, 7))) == [2, 3, 4, 5, 6]
    assert cookie.count(".") == 5
    assert len(cookie) < 200


def test_a_new_seal_of_an_account_takes_the_place_of_the_last_and_of_no_others(visit, log_in):
    cookie = log_in(user(2), log_in(user(1)))
    for epoch in range(1, 9):
        cookie = log_in(user(1, epoch=epoch), cookie)

    assert trusting(visit(cookie), user(1, epoch=8), user(2)) == [1, 2]
    assert not is_trusted_device(visit(cookie), user(1, epoch=7))
    assert cookie.count(".") == 2


def test_of_two_seals_of_one_request_the_later_counts(visit):
    # as when a login is followed by a new password
    request, response = visit("", user(1)), HttpResponse()
    trust_device(request, user(1, epoch=1))

    remember_device(response, request)

    assert is_trusted_device(visit(response.cookies[COOKIE].value), user(1, epoch=1))


def test_the_token_of_a_new_browser_holds_for_the_request_and_the_cookie_that_it_gets(visit):
    request = visit("", user(1))

    key = device_key(request)
    response = HttpResponse()
    remember_device(response, request)

    assert device_key(request) == key
    assert device_key(visit(response.cookies[COOKIE].value)) == key
    assert len(key) == 64
    assert device_key(visit()) != key


@pytest.mark.parametrize(
    "forge",
    [
        lambda token, seals: "",
        lambda token, seals: token,
        lambda token, seals: ".".join([token, *seals])[:-1],
        lambda token, seals: ".".join([token, *seals]) + "x",
        lambda token, seals: ".".join([token, *seals]) + "\0",
        lambda token, seals: ".".join(["A" * 43, *seals]),
        lambda token, seals: ".".join([token, "", *seals]),
        lambda token, seals: ".".join([token, "ä" + seals[0][1:]]),
        lambda token, seals: ".".join([token, seals[0][:6] + "A" * 22]),
        lambda token, seals: ".".join([token, *seals * 6]),
        lambda token, seals: "x" * 100_000,
    ],
    ids=[
        "none",
        "token alone",
        "cut",
        "longer",
        "nul",
        "seals of another token",
        "empty seal",
        "not ASCII",
        "guessed seal",
        "too many seals",
        "huge",
    ],
)
def test_a_forged_cookie_makes_no_browser_trusted(visit, log_in, forge):
    token, *seals = log_in(user(1)).split(".")

    request = visit(forge(token, seals))

    assert not is_trusted_device(request, user(1))
    assert len(device_key(request)) == 64


def test_who_proves_to_be_the_owner_without_a_login_is_trusted(visit):
    request, response = visit(), HttpResponse()

    trust_device(request, user(1))
    remember_device(response, request)

    later = visit(response.cookies[COOKIE].value)
    assert is_trusted_device(later, user(1))


def test_a_retired_key_is_still_honoured_and_another_one_is_not(visit, log_in, settings):
    cookie = log_in(user(1))
    settings.SECRET_KEY, old = "n" * 60, settings.SECRET_KEY

    assert not is_trusted_device(visit(cookie), user(1))
    settings.SECRET_KEY_FALLBACKS = [old]

    assert is_trusted_device(visit(cookie), user(1))
    settings.SECRET_KEY_FALLBACKS, again = [], log_in(user(1), cookie)
    assert is_trusted_device(visit(again), user(1))


def test_nobody_is_remembered_who_has_not_logged_in_or_whose_login_was_undone(visit):
    undone = visit("", user(1))
    forget_notes(undone)
    for request in (visit(), undone):
        response = HttpResponse()

        remember_device(response, request)

        assert COOKIE not in response.cookies


@pytest.mark.asvs("3.3.2", "3.3.4")
@pytest.mark.parametrize("secure", [False, True])
def test_the_cookie_is_for_the_server_alone_and_lasts_400_days(visit, secure):
    response = HttpResponse()

    remember_device(response, visit("", user(1), secure=secure))

    cookie = response.cookies[COOKIE]
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/"
    assert cookie["max-age"] == 400 * 86_400
    assert bool(cookie["secure"]) is secure
