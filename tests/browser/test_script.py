"""What the pages do more where scripts run: show a password, judge a new one, send a form once."""

import re

import pytest
from playwright.sync_api import expect

from django_useraccounts.models import User
from django_useraccounts.testing import PASSWORD

pytestmark = pytest.mark.browser

REGISTER = "/accounts/register/"
#: Whether the browser may show what is in the field, check its spelling, or begin it in capitals.
KEPT = "field => [field.type, ...['spellcheck', 'autocapitalize'].map(n => field.getAttribute(n))]"


def register(page, password=PASSWORD):
    page.goto(REGISTER)
    page.get_by_label("Username").fill("frida")
    page.get_by_label("E-mail address").fill("frida@example.com")
    page.get_by_label("Password").fill(password)


def test_a_password_is_shown_and_hidden_by_keyboard_and_sent_hidden(page):
    register(page, "")
    field = page.get_by_label("Password")
    field.focus()
    page.keyboard.type("tulips")

    page.keyboard.press("Tab")
    page.keyboard.press("Space")

    expect(page.get_by_role("button", name="Hide")).to_be_focused()
    assert field.evaluate(KEPT) == ["text", "false", "none"]
    assert field.input_value() == "tulips"

    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Show")).to_be_focused()
    assert field.evaluate(KEPT)[0] == "password"

    # A browser keeps what is sent from a field of text, and offers it to whoever comes next.
    page.keyboard.press("Space")
    page.evaluate("addEventListener('submit', (event) => event.preventDefault())")
    page.get_by_role("button", name="Register").click()
    assert field.evaluate(KEPT)[0] == "password"


@pytest.mark.parametrize(
    "password, sentence",
    [
        ("tulip1!", "This is easy to guess."),
        ("a" * 30, "This is easy to guess."),
        ("abcdefghijklmnopqrstuvwxyz", "This is easy to guess."),
        ("tulip" * 6, "This is easy to guess."),
        ("tulips on roofs", "This is better."),
        ("tulips on the roof of a barn", "This is long and varied"),
        ("", ""),
    ],
)
def test_a_new_password_is_judged_by_length_and_variety_as_it_is_typed(page, password, sentence):
    page.goto(REGISTER)
    hint = page.locator("form [aria-live=polite]")
    page.get_by_label("Password").fill("x")

    page.get_by_label("Password").fill(password)

    assert hint.inner_text().startswith(sentence)
    assert bool(hint.inner_text()) == bool(sentence)


def test_what_is_shorter_than_the_site_asks_for_is_easy_to_guess(page, settings):
    name = "django.contrib.auth.password_validation.MinimumLengthValidator"
    settings.AUTH_PASSWORD_VALIDATORS = [{"NAME": name, "OPTIONS": {"min_length": 30}}]
    settings.USERACCOUNTS = {**settings.USERACCOUNTS, "RETYPE": ("password",)}
    page.goto(REGISTER)

    page.locator("[name=password]").fill("tulips on the roof of a barn")

    # One hint: none for what is typed once more.
    hint = page.locator("form [aria-live]")
    assert hint.inner_text().startswith("This is easy to guess.")


def test_a_hint_stops_nobody_and_is_read_out_once(page):
    register(page, "")
    page.evaluate(
        """() => {
            window.told = 0;
            new MutationObserver((all) => { window.told += all.length; })
                .observe(document.querySelector("form [aria-live]"), {childList: true});
        }"""
    )

    page.get_by_label("Password").press_sequentially("tulips9!")

    assert page.evaluate("window.told") == 1
    page.get_by_role("button", name="Register").click()
    page.get_by_role("heading", name="Check your mail").wait_for()
    assert User.objects.get().check_password("tulips9!")


def test_without_scripts_nothing_is_shown_that_does_nothing(new_page):
    page = new_page(java_script_enabled=False)

    page.goto(REGISTER)

    buttons = page.get_by_role("main").get_by_role("button").all_inner_texts()
    assert [text for text in buttons if not text.startswith("Continue with")] == ["Register"]
    assert page.locator("[aria-live]").count() == 0


@pytest.mark.parametrize("time", ["of waiting", "of coming back"])
def test_a_form_whose_answer_does_not_come_can_be_sent_again(page, time):
    page.clock.install()
    page.goto(REGISTER)
    # given a form that is on its way for ever
    page.evaluate(
        """() => {
            window.sent = [];
            addEventListener("submit", (event) => {
                sent.push([!event.defaultPrevented, event.target.ariaBusy]);
                event.preventDefault();
            });
        }"""
    )
    button = page.get_by_role("button", name="Register")

    button.click()
    button.click()
    if time == "of waiting":
        page.clock.fast_forward(10_001)
    else:
        page.evaluate("dispatchEvent(new Event('pageshow'))")
    assert page.locator("[aria-busy]").count() == 0
    button.click()

    assert page.evaluate("sent") == [[True, "true"], [False, "true"], [True, "true"]]


def test_forms_of_the_site_around_are_left_alone(page):
    page.goto(REGISTER)
    page.evaluate(
        """() => {
            document.body.className = "";
            document.querySelector("section").className = "";
            addEventListener("submit", (event) => event.preventDefault());
        }"""
    )
    button = page.get_by_role("button", name="Register")

    button.click()

    assert page.locator("[aria-busy]").count() == 0


def test_a_field_without_a_label_beside_other_news_is_helped_as_well(page):
    def without_label(route):
        answer = route.fetch()
        label = re.compile(r'<label for="id_password">.*?</label>', re.DOTALL)
        html, found = label.subn('<p aria-live="polite">News of the site</p>', answer.text())
        assert found == 1
        route.fulfill(response=answer, body=html)

    page.route("**/register/", without_label)
    page.goto(REGISTER)

    page.locator("[name=password]").fill("x")

    assert page.locator(".ua-show").text_content().strip() == "Show:"
    assert page.locator(".ua-hint[aria-live]").inner_text().startswith("This is easy to guess.")
