"""Where to go next: to the page that was wished for, kept through mails, and to no other site."""

from functools import partial

import pytest

from django_useraccounts.testing import mails_to, make_user
from tests.attacks.browsers import url

pytestmark = pytest.mark.django_db

WISH = "/garret/?a=1&b=%C3%A4"
KEPT = "/accounts/login/?next=%2Fgarret%2F%3Fa%3D1%26b%3D%25C3%25A4"
EVIL_WISHES = [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "\\\\evil.example",
    "/\t/evil.example/",
    ".evil.example",
    "@evil.example",
    "javascript:alert(1)",
]
#: Where the pages lead whose visitor wishes nothing, or nothing good.
HOME, LOGIN, CONFIRM = "/accounts/profile/", "/accounts/login/", "/accounts/resend-confirmation/"


def log_in(browser, other, **wish):
    make_user("maria")
    return browser.log_in("maria", **wish)


def log_out(browser, other, **wish):
    log_in(browser, other)
    return browser.post(url("logout"), wish)


def confirm(browser, other, **wish):
    browser.register("maria", "maria@example.com", **wish)
    return browser.confirm(mails_to("maria@example.com")[0])


def confirm_in_another_browser(browser, other, **wish):
    browser.register("maria", "maria@example.com", **wish)
    return other.confirm(mails_to("maria@example.com")[0])


def confirm_by_a_second_mail(browser, other, **wish):
    browser.register("maria", "maria@example.com")
    browser.resend("maria@example.com", **wish)
    return other.confirm(mails_to("maria@example.com")[1])


def reset(browser, other, **wish):
    make_user("maria")
    browser.forgot("maria@example.com", **wish)
    return browser.reset(mails_to("maria@example.com")[0])


def log_in_unconfirmed(browser, other, **wish):
    make_user("maria", confirmed=False)
    return browser.log_in("maria", **wish)


#: What is done, where it leads with WISH, and where without a wish.
WAYS = [
    (log_in, WISH, HOME),
    (log_out, WISH, LOGIN),
    (confirm, WISH, HOME),
    (confirm_in_another_browser, KEPT, LOGIN),
    (confirm_by_a_second_mail, KEPT, LOGIN),
    (reset, KEPT, LOGIN),
    (log_in_unconfirmed, KEPT.replace(LOGIN, CONFIRM), CONFIRM),
]


@pytest.fixture(params=WAYS, ids=lambda way: way[0].__name__)
def way(request, browser, new_browser):
    """Return what is done, as a function of the wish, and both places where it may lead."""
    act, wished, home = request.param
    return partial(act, browser, new_browser()), wished, home


def test_it_leads_to_the_page_that_was_wished_for(way):
    do, wished, _home = way

    assert do(next=WISH)["Location"] == wished


@pytest.mark.parametrize("wish", [None, "", *EVIL_WISHES], ids=ascii)
def test_it_leads_to_no_other_site(way, wish):
    do, _wished, home = way

    response = do() if wish is None else do(next=wish)

    assert response["Location"] == home
