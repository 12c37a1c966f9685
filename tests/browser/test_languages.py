"""Languages in a real browser: switched without a script, and set from right to left."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

import django_useraccounts
from django_useraccounts.models import UserEmail
from django_useraccounts.testing import PASSWORD, make_user
from tests.demo.conftest import site  # noqa: F401 - a fixture

pytestmark = [pytest.mark.browser, pytest.mark.one_database]

RIGHT_TO_LEFT = ("he", "ar", "fa")
PHYSICAL = re.compile(
    r"(margin|padding|border|(?<!area-)inset)-(left|right)|text-align:\s*(left|right)|float:|[{;\s](left|right):"
)
STYLES = sorted(Path(django_useraccounts.__file__).parent.rglob("static/**/*.css"))


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("scripts", [True, False])
def test_the_language_is_switched_by_keyboard_with_and_without_scripts(new_page, scripts):
    page = new_page(java_script_enabled=scripts, locale="en")
    page.goto("/accounts/login/?next=/gallery/")

    page.get_by_label("Language").focus()
    page.keyboard.type("Deu")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Anmelden")
    assert page.url.endswith("/accounts/login/?next=/gallery/")
    page.goto("/accounts/forgot-password/")
    expect(page.locator("div.ua")).to_have_attribute("lang", "de")


@pytest.mark.parametrize("language", RIGHT_TO_LEFT)
def test_pages_are_set_from_right_to_left(new_page, language):
    frida = make_user(f"frida-{language}")
    UserEmail.objects.add_claim(frida, "second@example.com")
    page = new_page(locale=language, viewport={"width": 360, "height": 800})
    page.goto("/accounts/login/")

    # The box stands before its words: on the right.
    box, words = (
        page.locator(one).bounding_box()["x"]
        for one in ("[name=remember]", "label:has(+ [name=remember]), [name=remember] + label")
    )
    assert box > words

    page.locator("[name=identifier]").fill(frida.username)
    page.locator("[name=password]").fill(PASSWORD)
    with page.expect_navigation():
        page.locator("main form button[type=submit]").first.click()
    for path in ("/accounts/emails/", "/accounts/profile/", "/accounts/history/"):
        page.goto(path)
        assert page.evaluate("document.documentElement.dir") == "rtl"
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        words = page.evaluate(
            """() => {
              const range = document.createRange();
              range.selectNodeContents(document.querySelector("h1"));
              const [words, box] = [range, document.querySelector("h1")].map(
                (one) => one.getBoundingClientRect()
              );
              return [words.left - box.left, box.right - words.right];
            }"""
        )
        assert words[1] < 1 < words[0], path


@pytest.mark.parametrize("style", STYLES, ids=lambda path: path.name)
def test_no_style_knows_left_from_right(style):
    assert not PHYSICAL.search(style.read_text())


@pytest.mark.parametrize("language", ["en", "sv", "cs", "da"])
def test_no_heading_leaves_the_e_of_an_email_alone_on_a_line(new_page, language):
    maria = make_user(f"maria-{language}")
    page = new_page(locale=language, viewport={"width": 360, "height": 800})
    page.goto("/accounts/login/?next=/accounts/emails/")
    page.locator("[name=identifier]").fill(maria.username)
    page.locator("[name=password]").fill(PASSWORD)
    with page.expect_navigation():
        page.locator("main form button[type=submit]").first.click()

    for path in ("/accounts/emails/", "/accounts/add-email/"):
        page.goto(path)
        assert page.evaluate(LINES_OF_HYPHENS) == [True], path


#: Whether the letters around each hyphen of the heading stand on one line.
LINES_OF_HYPHENS = """() => {
    const heading = document.querySelector("h1"), range = document.createRange();
    const letters = [];
    const walk = document.createTreeWalker(heading, NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
        [...node.data].forEach((letter, i) => {
            range.setStart(node, i);
            range.setEnd(node, i + 1);
            letters.push([letter, range.getBoundingClientRect().top]);
        });
    }
    return letters.flatMap(([letter, top], i) =>
        letter === "-" ? [letters[i - 1][1] === top && letters[i + 1][1] === top] : []);
}"""
