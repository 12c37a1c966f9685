"""Which browser this is: the one that registered, or another one that reads the mail."""

from datetime import timedelta

import pytest
from django.http import HttpResponse

from django_useraccounts.browser import (
    COOKIE,
    browser_key,
    browser_token,
    is_same_browser,
    mark_browser,
)


@pytest.mark.asvs("11.5.1")
def test_a_new_browser_gets_a_token_that_nobody_guesses(rf):
    tokens = {browser_token(rf.get("/")) for _ in range(20)}

    assert len(tokens) == 20
    assert {len(token) for token in tokens} == {43}


def test_a_browser_keeps_its_token(rf):
    request = rf.get("/")
    token = browser_token(request)

    request.COOKIES[COOKIE] = token

    assert browser_token(request) == token
    assert is_same_browser(request, browser_key(token))


@pytest.mark.parametrize("sent", ["", "x", "x" * 42, "x" * 44, "x" * 100_000])
def test_what_cannot_be_a_token_is_replaced(rf, sent):
    request = rf.get("/")
    request.COOKIES[COOKIE] = sent

    assert browser_token(request) != sent


def test_another_browser_is_another_browser(rf):
    request = rf.get("/")
    key = browser_key(browser_token(request))

    assert not is_same_browser(request, key)
    request.COOKIES[COOKIE] = "x" * 43
    assert not is_same_browser(request, key)


def test_a_row_without_a_browser_belongs_to_none(rf):
    request = rf.get("/")
    assert browser_key("") == ""
    assert not is_same_browser(request, "")

    request.COOKIES[COOKIE] = ""

    assert not is_same_browser(request, "")


@pytest.mark.parametrize("sent", ["ä" * 43, "\ud800" * 43, "\0" * 43])
def test_a_cookie_may_hold_anything(rf, sent):
    request = rf.get("/")
    request.COOKIES[COOKIE] = sent

    assert not is_same_browser(request, "a" * 64)
    assert is_same_browser(request, browser_key(sent))


def test_a_row_keeps_a_digest_and_not_the_token(rf):
    token = browser_token(rf.get("/"))

    assert token not in browser_key(token)
    assert len(browser_key(token)) == 64


@pytest.mark.asvs("3.3.2", "3.3.4")
@pytest.mark.parametrize("secure", [False, True])
def test_the_cookie_is_for_the_server_alone_and_lasts_as_long_as_links(rf, set_conf, secure):
    set_conf(LINK_MAX_AGE=timedelta(hours=1))
    response = HttpResponse()

    mark_browser(response, "the token", request=rf.get("/", secure=secure))

    cookie = response.cookies[COOKIE]
    assert cookie.value == "the token"
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "Lax"
    assert cookie["max-age"] == 3600
    assert bool(cookie["secure"]) is secure
