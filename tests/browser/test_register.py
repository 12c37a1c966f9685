"""Register in a real browser: from the first typing error to the page that was asked for."""

import pytest
from playwright.sync_api import expect

from django_useraccounts.models import User, UserEmail
from django_useraccounts.testing import PASSWORD, link_in, mails_to, make_user

pytestmark = pytest.mark.browser


def press(page, button):
    """Press a button of a form, and wait for the page that it leads to."""
    with page.expect_navigation():
        page.get_by_role("button", name=button).first.click()


def register(page, username="frida", email="frida@example.com", password=PASSWORD):
    page.get_by_label("Username").fill(username)
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    press(page, "Register")


def mailed_link(address="frida@example.com"):
    return link_in(mails_to(address)[-1])


def is_logged_in(page):
    page.goto("/accounts/profile/")
    return page.get_by_role("heading", name="Your account").is_visible()


def beside(page, label):
    """Return the text that a screen reader reads out with a field, its error included."""
    ids = page.get_by_label(label, exact=True).get_attribute("aria-describedby") or ""
    return " ".join(page.locator(f"[id='{id_}']").inner_text() for id_ in ids.split())


def test_who_registers_and_confirms_arrives_logged_in_at_the_page_that_was_asked_for(page):
    # given somebody who wants to see the members, and goes to register instead
    page.goto("/members/")
    page.get_by_role("link", name="Register a new account").click()
    register(page)
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("frida@example.com")

    # when the link in the mail is opened in the same browser
    page.goto(mailed_link())
    before = User.objects.get().has_confirmed_email
    press(page, "Confirm this address")

    # then opening has changed nothing, and the button has done all of it
    assert not before
    expect(page).to_have_url("/members/")
    expect(page.get_by_role("status")).to_contain_text("Your e-mail address is confirmed.")
    expect(page.get_by_role("button", name="Log out")).to_be_visible()


def test_typing_errors_stand_beside_their_fields_and_nothing_typed_is_lost(page):
    page.goto("/accounts/register/")

    # an empty form
    press(page, "Register")
    assert page.title().startswith("Error:")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "alert"
    for label in ("Username", "E-mail address", "Password"):
        assert "This field is required." in beside(page, label)

    # everything wrong in its own way
    register(page, "fri da", "frida@@example", "12345678")
    assert page.get_by_label("Username").input_value() == "fri da"
    assert page.get_by_label("E-mail address").input_value() == "frida@@example"
    assert page.get_by_label("Username").get_attribute("aria-invalid") == "true"
    assert "like name@example.com" in beside(page, "E-mail address")
    assert "too common" in beside(page, "Password")

    # and then right
    register(page)
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()
    assert [user.username for user in User.objects.all()] == ["frida"]


def test_a_taken_username_says_so_beside_the_field_and_keeps_the_address(page):
    make_user("frida", "owner@example.com")
    page.goto("/accounts/register/")

    register(page, "Frida", "other@example.com")

    assert "This username is taken." in beside(page, "Username")
    assert page.get_by_label("E-mail address").input_value() == "other@example.com"
    assert not mails_to("other@example.com")


def test_a_taken_address_looks_the_same_and_only_its_owner_is_told(page):
    make_user("frida")
    page.goto("/accounts/register/")

    register(page, "stranger", "frida@example.com")

    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()
    (mail,) = mails_to("frida@example.com")
    with pytest.raises(LookupError):
        link_in(mail)


def test_the_link_opened_in_another_browser_confirms_but_logs_nobody_in(page, new_page):
    page.goto("/accounts/register/?next=/members/")
    register(page)
    other = new_page()

    other.goto(mailed_link())
    press(other, "Confirm this address")

    expect(other.get_by_role("heading", name="Log in")).to_be_visible()
    assert not is_logged_in(other)
    assert User.objects.get().has_confirmed_email
    # and the wish of the one who registered is not lost on the way
    other.go_back()
    other.get_by_label("Username or e-mail address").fill("frida")
    other.get_by_label("Password").fill(PASSWORD)
    press(other, "Log in")
    expect(other).to_have_url("/members/")


def test_the_reader_of_a_mail_can_say_that_it_was_not_them(page, new_page):
    page.goto("/accounts/register/")
    register(page)
    reader = new_page()

    reader.goto(mailed_link())
    assert "frida" in reader.locator("dl").inner_text()
    press(reader, "It was not me")

    expect(reader.locator("h1")).not_to_have_text("Confirm your address")
    assert not UserEmail.objects.exists()
    # and the one who registered can do nothing with the same link any more
    page.goto(mailed_link())
    assert page.locator("h1").inner_text().startswith("This link")
    assert not is_logged_in(page)


def test_the_secret_of_the_link_leaves_the_address_bar_at_once(page):
    page.goto("/accounts/register/")
    register(page)
    link = mailed_link()

    page.goto(link)

    assert link not in page.url
    # the half that is left opens nothing in another browser
    assert page.request.get(page.url).ok
    stranger = page.context.browser.new_context()
    assert stranger.request.get(page.url).status == 404
    stranger.close()


def test_reloading_and_going_back_do_not_confirm_twice(page):
    page.goto("/accounts/register/")
    register(page)
    page.goto(mailed_link())
    page.reload()
    press(page, "Confirm this address")

    page.go_back()

    # The link is used up; who is logged in by it goes on, as after the first click.
    expect(page.locator("h1")).to_have_text("Your account")
    assert len(mails_to("frida@example.com")) == 2  # the link, and the welcome


def test_a_double_click_on_register_makes_one_account_and_one_mail(new_page):
    # given a page without the script that stops the second click
    page = new_page(java_script_enabled=False)
    page.goto("/accounts/register/")
    page.get_by_label("Username").fill("frida")
    page.get_by_label("E-mail address").fill("frida@example.com")
    page.get_by_label("Password").fill(PASSWORD)

    page.get_by_role("button", name="Register").dblclick()
    page.get_by_role("heading", name="Check your mail").wait_for()

    assert User.objects.count() == 1
    assert len(mails_to("frida@example.com")) == 1


def test_a_double_click_on_confirm_arrives_where_a_single_one_does(new_page, settings):
    # given a page without the script that stops the second click
    page = new_page(java_script_enabled=False)
    settings.ROOT_URLCONF = "tests.browser.test_login"
    page.goto("/accounts/register/?next=/slow/")
    register(page)
    page.goto(mailed_link())

    # when the second click comes while the first one's next page is still on its way
    box = page.get_by_role("button", name="Confirm this address").bounding_box()
    with page.expect_event("requestfinished", lambda request: request.method == "POST"):
        page.mouse.click(box["x"] + 5, box["y"] + 5)
    page.mouse.click(box["x"] + 5, box["y"] + 5)

    expect(page.locator("body")).to_have_text("slow but here, frida")


def test_registering_in_two_tabs_makes_one_account(page):
    page.goto("/accounts/register/")
    tab = page.context.new_page()
    tab.goto("/accounts/register/")

    register(page)
    register(tab)

    expect(tab.get_by_role("heading", name="Check your mail")).to_be_visible()
    assert User.objects.count() == 1


def test_two_people_may_register_one_after_the_other_in_the_same_browser(page):
    for username in ("frida", "ada"):
        page.goto("/accounts/register/")
        register(page, username, f"{username}@example.com")
        page.goto(mailed_link(f"{username}@example.com"))
        press(page, "Confirm this address")
        expect(page.locator("dl")).to_contain_text(username)
        press(page, "Log out")

    assert User.objects.count() == 2


def test_a_lost_confirmation_mail_can_be_sent_again_and_only_the_newest_link_works(page):
    page.goto("/accounts/register/?next=/members/")
    register(page)
    old = mailed_link()
    page.goto("/accounts/login/?next=/members/")
    page.get_by_role("link", name="Did not get the confirmation mail?").click()
    page.get_by_label("E-mail address").fill("frida@example.com")
    press(page, "Send")

    page.goto(old)
    refused = page.locator("h1").inner_text()
    page.goto(mailed_link())
    press(page, "Confirm this address")

    assert refused == "This link was used already"
    assert User.objects.get().has_confirmed_email
    # and the wish to see the members has come all the way
    expect(page).to_have_url("/members/")
