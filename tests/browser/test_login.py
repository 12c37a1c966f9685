"""Log in and out in a real browser, and what stays behind."""

import time

import pytest
from django.http import HttpResponse
from django.urls import path
from playwright.sync_api import expect

from django_useraccounts.testing import PASSWORD, make_user
from tests.urls import urlpatterns as pages

pytestmark = pytest.mark.browser


def slow(request):
    time.sleep(1)
    return HttpResponse(f"slow but here, {request.user}")


#: The pages of the site, and one that leaves time for a second click.
urlpatterns = [path("slow/", slow), *pages]


def press(page, button):
    """Press a button of a form, and wait for the page that it leads to."""
    with page.expect_navigation():
        page.get_by_role("button", name=button).first.click()


def log_in(page, identifier="frida", password=PASSWORD, remember=False):
    page.get_by_label("Username or e-mail address").fill(identifier)
    page.get_by_label("Password").fill(password)
    page.get_by_label("Stay logged in").set_checked(remember)
    press(page, "Log in")


def session_cookie(page):
    return next((c for c in page.context.cookies() if c["name"] == "sessionid"), None)


@pytest.mark.parametrize("identifier", ["FRIDA", "Frida@Example.com"])
def test_a_user_logs_in_with_username_or_address_and_goes_where_they_wanted(page, identifier):
    make_user("frida")
    page.goto("/members/")

    log_in(page, identifier)

    expect(page).to_have_url("/members/")
    expect(page.get_by_role("link", name="frida")).to_be_visible()


def test_a_wrong_password_leaves_the_name_in_its_field_and_logs_nobody_in(page):
    make_user("frida")
    page.goto("/accounts/login/?next=/members/")

    log_in(page, password="not the password")

    expect(page.get_by_role("alert")).to_contain_text("do not match")
    assert page.get_by_label("Username or e-mail address").input_value() == "frida"
    assert page.get_by_label("Password").input_value() == ""
    assert session_cookie(page) is None
    log_in(page)
    expect(page).to_have_url("/members/")


def test_next_to_another_site_stays_on_this_one(page, live_server):
    make_user("frida")
    for next_url in ("https://evil.example/", "/%5cevil.example"):
        page.goto("/accounts/login/?next=" + next_url)

        log_in(page)

        assert page.url.startswith(live_server.url)
        page.context.clear_cookies()


@pytest.mark.asvs("14.3.3")
def test_pages_and_their_script_keep_nothing_in_the_storage_of_the_browser(page):
    make_user("frida")
    page.goto("/accounts/register/")
    page.get_by_label("Password").fill("tulips on the roof of a barn")
    page.goto("/accounts/login/?next=/accounts/profile/")
    log_in(page, remember=True)
    page.goto("/accounts/change-password/")

    kept = "[localStorage.length, sessionStorage.length, indexedDB.databases(), caches.keys()]"
    assert page.evaluate(f"Promise.all({kept})") == [0, 0, [], []]


def test_a_browser_forgets_a_login_when_it_closes_unless_asked_to_remember(page, new_page):
    make_user("frida")
    other = new_page()
    for tab, remember in ((page, False), (other, True)):
        tab.goto("/accounts/login/")
        log_in(tab, remember=remember)

    assert session_cookie(page)["expires"] == -1
    two_weeks = 14 * 24 * 3600
    assert session_cookie(other)["expires"] == pytest.approx(time.time() + two_weeks, abs=60)
    assert session_cookie(page)["httpOnly"]
    assert session_cookie(page)["sameSite"] == "Lax"


@pytest.mark.asvs("14.3.1")
@pytest.mark.parametrize(
    "private", ["/accounts/profile/", "/accounts/change-password/", "/cellar/"]
)
def test_the_back_button_shows_no_private_page_after_logging_out(page, private):
    make_user("frida", roles=["secret", "agent"])
    page.goto(f"/accounts/login/?next={private}")
    log_in(page)
    expect(page).to_have_url(private)
    heading = page.locator("h1").inner_text()
    page.goto("/accounts/logout/")
    press(page, "Log out")

    page.go_back()
    page.go_back()

    assert page.locator("h1").inner_text() != heading
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()


def test_logging_out_ends_the_session_in_the_other_tab_too(page):
    make_user("frida")
    page.goto("/accounts/login/")
    log_in(page)
    tab = page.context.new_page()
    tab.goto("/accounts/profile/")

    press(page, "Log out")
    tab.reload()

    expect(tab.get_by_role("heading", name="Log in")).to_be_visible()


def test_the_logout_page_asks_before_it_acts(page):
    make_user("frida")
    page.goto("/accounts/login/")
    log_in(page)

    page.goto("/accounts/logout/")
    assert session_cookie(page)
    page.get_by_role("main").get_by_role("button", name="Log out").click()

    expect(page.get_by_role("status")).to_contain_text("You are logged out.")
    assert session_cookie(page) is None


def test_logging_in_with_two_tabs_open_works_in_both(page):
    make_user("frida")
    page.goto("/accounts/login/?next=/members/")
    tab = page.context.new_page()
    tab.goto("/accounts/login/?next=/members/")
    log_in(page)

    log_in(tab)

    expect(tab).to_have_url("/members/")
    expect(tab.get_by_role("link", name="frida")).to_be_visible()


def test_a_double_click_on_log_in_logs_in(new_page, settings):
    # given a page without the script that stops the second click
    page = new_page(java_script_enabled=False)
    make_user("frida")
    settings.ROOT_URLCONF = __name__
    page.goto("/accounts/login/?next=/slow/")
    page.get_by_label("Username or e-mail address").fill("frida")
    page.get_by_label("Password").fill(PASSWORD)

    # when the second click comes while the first one's next page is still on its way
    box = page.get_by_role("button", name="Log in").bounding_box()
    with page.expect_event("requestfinished", lambda request: request.method == "POST"):
        page.mouse.click(box["x"] + 5, box["y"] + 5)
    page.mouse.click(box["x"] + 5, box["y"] + 5)

    expect(page.locator("body")).to_have_text("slow but here, frida")


def test_who_is_logged_in_already_is_led_past_the_login_page(page):
    make_user("frida")
    page.goto("/accounts/login/")
    log_in(page)

    page.goto("/accounts/login/?next=/members/")

    expect(page).to_have_url("/members/")


def test_an_unconfirmed_user_is_told_to_confirm_first(page):
    make_user("frida", confirmed=False)
    page.goto("/accounts/login/")

    log_in(page)

    expect(page.get_by_role("status")).to_contain_text("Confirm your e-mail address first")
    expect(page.get_by_label("E-mail address")).to_be_visible()
    assert session_cookie(page) is None


def test_too_many_attempts_are_refused_with_a_sentence_and_what_was_typed_stays(page, settings):
    limits = {"login": {"identifier": "2/5m"}}
    settings.USERACCOUNTS = {**settings.USERACCOUNTS, "LIMITS": limits}
    make_user("frida")
    page.goto("/accounts/login/")
    for _attempt in range(3):
        log_in(page, password="guessed")

    expect(page.get_by_role("alert")).to_contain_text("Too many attempts.")
    assert page.get_by_label("Username or e-mail address").input_value() == "frida"


def test_the_main_job_needs_no_mouse(page):
    make_user("frida")
    page.goto("/accounts/login/?next=/members/")

    walk_to(page, "identifier")
    page.keyboard.type("frida")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    walk_to(page, "remember")
    page.keyboard.press("Space")
    with page.expect_navigation():
        page.keyboard.press("Enter")

    assert session_cookie(page)["expires"] > time.time()
    walk_to(page, "", text="Log out")
    page.keyboard.press("Enter")
    page.get_by_text("You are logged out.").wait_for()
    assert session_cookie(page) is None


def walk_to(page, name, text=""):
    """Press Tab until the focus is on a control; every stop on the way can be seen."""
    for _step in range(40):
        page.keyboard.press("Tab")
        stop = page.evaluate(
            """() => {
                const e = document.activeElement, s = getComputedStyle(e);
                return {name: e.name || "", text: e.innerText || "",
                        seen: s.outlineStyle !== "none" || s.boxShadow !== "none"};
            }"""
        )
        assert stop["seen"], f"no focus to be seen on {stop}"
        if stop["name"] == name and text in stop["text"]:
            return
    pytest.fail(f"no way to {name or text} by keyboard")
