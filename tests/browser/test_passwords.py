"""Forget, reset and change a password in a real browser."""

import pytest
from playwright.sync_api import expect

from django_useraccounts.testing import PASSWORD, link_in, mails_to, make_user

pytestmark = pytest.mark.browser


def press(page, button):
    """Press a button of a form, and wait for the page that it leads to."""
    with page.expect_navigation():
        page.get_by_role("button", name=button).first.click()


NEW = "a much newer battery staple"


def log_in(page, password):
    page.goto("/accounts/login/")
    page.get_by_label("Username or e-mail address").fill("frida")
    page.get_by_label("Password").fill(password)
    press(page, "Log in")


def ask_for_link(page, address="frida@example.com"):
    page.goto("/accounts/login/")
    page.get_by_role("link", name="Forgot your password?").first.click()
    page.get_by_label("E-mail address").fill(address)
    press(page, "Send the link")


def set_password(page, password=NEW):
    page.get_by_label("New password").fill(password)
    press(page, "Save the new password")


def is_logged_in(page):
    page.goto("/accounts/profile/")
    return page.get_by_role("heading", name="Your account").is_visible()


def test_a_forgotten_password_is_replaced_from_the_login_page_to_the_new_login(page):
    # given somebody who has forgotten the password
    make_user("frida")
    ask_for_link(page)
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()
    link = link_in(mails_to("frida@example.com")[-1])

    # when a bad password and then a good one is chosen
    page.goto(link)
    assert link not in page.url
    set_password(page, "frida")
    expect(page.get_by_role("main")).to_contain_text("too similar to the username")
    set_password(page)

    # then the new one logs in, the old one does not, and the link is used
    expect(page.get_by_role("status")).to_contain_text("Your new password is set.")
    log_in(page, PASSWORD)
    expect(page.get_by_role("alert")).to_contain_text("do not match")
    log_in(page, NEW)
    assert is_logged_in(page)
    page.goto(link)
    expect(page.locator("h1")).to_have_text("This link was used already")


def test_an_unknown_address_sees_the_page_that_a_known_one_sees(page, new_page):
    make_user("frida")
    stranger = new_page(viewport={"width": 1280, "height": 800})

    ask_for_link(page, "frida@example.com")
    ask_for_link(stranger, "nobody@example.com")

    known, unknown = page.content(), stranger.content()
    assert known.replace("frida@example.com", "nobody@example.com") == unknown


def test_a_reset_link_opens_nothing_in_the_hands_of_who_saw_the_address_bar(page, new_page):
    make_user("frida")
    ask_for_link(page)
    page.goto(link_in(mails_to("frida@example.com")[-1]))
    over_the_shoulder = new_page()

    over_the_shoulder.goto(page.url)

    expect(over_the_shoulder.locator("h1")).to_have_text("This link does not work")
    assert not over_the_shoulder.get_by_label("New password").is_visible()


def test_changing_the_password_logs_the_other_browser_out_at_its_next_click(page, new_page):
    make_user("frida")
    other = new_page()
    log_in(page, PASSWORD)
    log_in(other, PASSWORD)

    page.goto("/accounts/change-password/")
    page.get_by_label("Current password").fill(PASSWORD)
    set_password(page)
    other.goto("/members/")

    expect(page.get_by_role("status")).to_contain_text("Your password is changed.")
    assert is_logged_in(page)
    expect(other.get_by_role("heading", name="Log in")).to_be_visible()
    assert "password" in mails_to("frida@example.com")[-1].subject


def test_resetting_the_password_logs_every_browser_out(page, new_page):
    make_user("frida")
    other = new_page()
    log_in(other, PASSWORD)
    ask_for_link(page)
    page.goto(link_in(mails_to("frida@example.com")[-1]))

    set_password(page)

    assert not is_logged_in(other)
    assert not is_logged_in(page)


def test_a_wrong_current_password_changes_nothing(page):
    make_user("frida")
    log_in(page, PASSWORD)
    page.goto("/accounts/change-password/")

    page.get_by_label("Current password").fill("something else")
    set_password(page)

    described = page.get_by_label("Current password").get_attribute("aria-describedby")
    assert page.locator(f"#{described}").inner_text() == "This is not your current password."
    assert not mails_to("frida@example.com")
