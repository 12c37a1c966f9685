"""L. Where to go next: only to a path of this site, whatever way the wish comes."""

import re
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.contrib.auth import get_user_model
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from django_useraccounts.models import OneTimeSecret
from django_useraccounts.secrets import CONFIRM_EMAIL, issue, link_of
from django_useraccounts.testing import make_user
from django_useraccounts.views import safe_next
from tests.attacks.browsers import PASSWORD, VICTIM, Browser, last_mail, link_in, page_of, url

pytestmark = pytest.mark.django_db

User = get_user_model()

EVIL_URLS = [
    "//evil.com",
    "///evil.com",
    "////evil.com",
    "\\\\evil.com",
    "\\/evil.com",
    "/\\evil.com",
    "/\\/evil.com",
    "//\\evil.com",
    "https:evil.com",
    "https:/evil.com",
    "https:///evil.com",
    "https://evil.com",
    "http://evil.com",
    "HTTPS://EVIL.COM",
    "ftp://evil.com",
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "mailto:x@evil.com",
    "/\t/evil.com",
    "/\n/evil.com",
    "/\r/evil.com",
    "\t//evil.com",
    " //evil.com",
    "\x00//evil.com",
    "/\x00/evil.com",
    "\x0b//evil.com",
    "http://testserver@evil.com",
    "http://testserver:80@evil.com/",
    "//testserver@evil.com",
    "http://evil.com#testserver",
    "http://evil.com?testserver",
    "http://evil.com\\@testserver",
    "//evil.com:80",
    "//evil%2ecom",
    "//еvil.com",
    "／／evil.com",
    "//evil。com",
    ".evil.com",
    "@evil.com",
    ":80",
    "evil.com",
    "?next=//evil.com",
    "#//evil.com",
    "http://testserver/",
    "http://[::1",
    "http://",
    "/" * 3000,
    "x" * 1_000_000,
]

#: Paths of this site, as long as nobody decodes or joins them once more.
TWICE = [
    "/／evil.com/..//evil.com",
    "/%5cevil.com",
    "/%09/evil.com",
    "/%2f/evil.com",
    "/%2F%2Fevil.com",
    "/%0d%0aX: y",
]


def lands_here(location: str) -> bool:
    """Say whether a browser that follows ``location`` stays, by the rules of the URL standard."""
    seen = re.sub(r"[\t\r\n]", "", location.strip()).replace("\\", "/")
    # Python takes what follows three slashes for a path, browsers for a host like after two.
    if seen.startswith("//"):
        return False
    parts = urlsplit(urljoin("http://testserver/accounts/login/", seen))
    return parts.scheme == "http" and parts.netloc == "testserver" and seen.startswith("/")


def end_of(browser: Browser, response: Any, hops: int = 12) -> Any:
    """Follow like a browser, which goes where it has been before, but not for ever."""
    while response.status_code == 302:
        hops -= 1
        assert hops, "an endless redirect"
        response = browser.get(response.url)
    return response


def in_query(name: str, wish: str) -> str:
    from django.utils.http import urlencode

    return f"{url(name)}?{urlencode({'next': wish})}"


@pytest.mark.asvs("1.1.1", "1.2.2", "3.7.2")
@pytest.mark.parametrize("wish", [*EVIL_URLS, *TWICE], ids=lambda wish: ascii(wish)[:40])
def test_L1_L2_L3_a_login_leads_nowhere_else(browser, new_browser, wish):
    make_user("victoria", VICTIM)
    data = {"identifier": "victoria", "password": PASSWORD}
    answers = [
        browser.post(in_query("login", wish), data),
        browser.get(in_query("login", wish)),  # who is logged in already goes on
        browser.get(in_query("register", wish)),
        new_browser().post(url("login"), {**data, "next": wish}),
        browser.post(in_query("confirm_identity", wish), {"old_password": PASSWORD}),
        browser.post(in_query("logout", wish)),
    ]

    for answer in answers:
        assert answer.status_code == 302
        assert lands_here(answer.url), answer.url
        # Never decoded once more: what was %5c stays %5c.
        assert "\\" not in answer.headers["Location"]
        if wish not in TWICE:
            assert "evil" not in answer.url


@pytest.mark.asvs("3.7.2")
@pytest.mark.parametrize("wish", [*EVIL_URLS, *TWICE], ids=lambda wish: ascii(wish)[:40])
def test_L4_a_wish_that_was_stored_with_a_link_is_checked_when_used(browser, wish):
    browser.post(
        in_query("register", wish),
        {"username": "victoria", "email": VICTIM, "password": PASSWORD},
    )
    response = browser.confirm(last_mail())

    assert response.status_code == 302
    assert lands_here(response.url)
    if wish not in TWICE:
        assert "evil" not in response.url


@pytest.mark.parametrize("wish", ["//evil.com", "https://evil.com", ".evil.com", "javascript:x"])
def test_L4_even_one_that_was_stored_unchecked(browser, new_browser, wish):
    user = make_user("victoria", VICTIM, confirmed=False)
    link = link_of(issue(CONFIRM_EMAIL, address=user.emails.get(), next_url=wish))

    response = browser.confirm(url("confirm_email", str(link)))

    assert response.status_code == 302
    assert "evil" not in response.url
    assert lands_here(response.url)


def test_L4_a_wish_that_was_changed_in_the_row_voids_the_link(browser):
    browser.register()
    OneTimeSecret.objects.update(next_url="/elsewhere/")

    assert browser.open(link_in(last_mail())).status_code == 404


@pytest.mark.asvs("1.2.2")
@pytest.mark.parametrize("wish", ["//evil.com", "https://evil.com/", "javascript:alert(1)"])
def test_L4_no_page_shows_a_link_to_elsewhere(browser, wish):
    names = ["login", "register", "forgot_password", "resend_confirmation", "logout"]

    for name in names:
        page = browser.get(in_query(name, wish), headers={"referer": wish})
        posted = browser.post(url(name), {"next": wish}) if name != "logout" else page
        assert b"evil" not in page.content
        assert b"javascript:" not in page.content
        assert b"evil" not in posted.content


def test_L4_the_referer_leads_nowhere(browser):
    make_user("victoria", VICTIM)

    response = browser.post(
        url("login"),
        {"identifier": "victoria", "password": PASSWORD},
        headers={"referer": "https://evil.com/"},
    )

    assert lands_here(response.url)


@pytest.mark.parametrize(
    "wish",
    [
        "/accounts/login/",
        "/accounts/login/?next=/accounts/login/",
        "/accounts/./login/",
        "/accounts//login/",
        "/accounts/%6cogin/",
        "/accounts/login/;x",
        "/accounts/login/#x",
        "/accounts/register/",
        "/accounts/register/?next=/accounts/login/",
        "/accounts/logout/",
        "/accounts/logout/?next=/accounts/login/",
    ],
)
def test_L5_no_wish_loops_and_none_logs_out(browser, wish, settings):
    settings.LOGIN_REDIRECT_URL = "/accounts/profile/"
    user = make_user("victoria", VICTIM)

    response = browser.post(
        in_query("login", wish), {"identifier": "victoria", "password": PASSWORD}, follow=True
    )

    assert len(response.redirect_chain) <= 4
    assert response.status_code in {200, 404}
    assert browser.user_id == str(user.pk)


@pytest.mark.urls("tests.attacks.urls")
@pytest.mark.parametrize("wish", ["/test/", "/permission/?page=2", "/registered/"])
def test_L5_a_guard_of_django_that_lets_nobody_in_does_not_loop(browser, new_browser, wish):
    make_user("victoria", VICTIM)
    data = {"identifier": "victoria", "password": PASSWORD}

    stranger = end_of(new_browser(), new_browser().get(wish))
    logged_in = end_of(browser, browser.post(in_query("login", wish), data))
    later = end_of(browser, browser.get(wish))

    assert stranger.status_code == 200  # the page to log in, or to register
    for refused in (logged_in, later):
        assert refused.status_code == 403
        assert "This page is not open to you" in refused.content.decode()


def test_L5_who_comes_to_the_login_page_for_several_pages_goes_on_to_each(browser):
    make_user("victoria", VICTIM)
    browser.log_in("victoria")

    for wish in ("/cellar/", "/supper/", "/supper/"):  # by two clicks on one link
        assert browser.get(in_query("login", wish)).url == wish
    for _time in range(2):
        assert browser.get(url("login")).status_code == 302


@pytest.mark.asvs("1.2.1")
@pytest.mark.parametrize("wish", ["/a\r\nSet-Cookie: x=y", "/a\nX: y", "/a\u2028b", "/a%0d%0aX: y"])
def test_L6_a_line_break_starts_no_header(browser, wish):
    make_user("victoria", VICTIM)

    response = browser.post(
        in_query("login", wish), {"identifier": "victoria", "password": PASSWORD}
    )

    assert "x" not in response.cookies
    assert not response.has_header("X")
    assert "\n" not in response.headers["Location"]
    assert "\r" not in response.headers["Location"]


def test_L6_a_json_answer_names_no_host_that_was_sent_by_somebody(browser):
    response = browser.get(
        "/cellar/", headers={"accept": "application/json", "host": 'x"y.example'}
    )

    assert response.status_code == 400


@hypothesis(deadline=None)
@given(st.text(alphabet=st.sampled_from("/\\:@.?#%evil.com\t\r\n\0 ／。htps[]1;&"), max_size=20))
def test_L1_whatever_passes_stays_on_this_host(wish):
    allowed = safe_next(wish)

    assert allowed in {"", wish}
    if allowed:
        assert lands_here(allowed)


def test_a_page_of_a_link_ignores_the_wish_of_its_visitor(browser):
    browser.register()
    page = page_of(browser.open(last_mail()))

    response = browser.post(f"{page}?next=/other/", {"answer": "confirm", "next": "/other/"})

    assert response.status_code == 302
    assert "other" not in response.url
