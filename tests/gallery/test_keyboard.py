"""Pages by the keyboard alone: Tab goes through everything, in the order of reading, and out again."""

from itertools import pairwise

import pytest

from tests.gallery.screen import DESK, Screen

pytestmark = [pytest.mark.browser, pytest.mark.one_database, pytest.mark.django_db]

PAGES = (
    "login-refused",
    "login-with-providers",
    "register-asks-all-refused",
    "emails-no-room",
    "invite",
    "memberships-in-every-state",
    "sessions",
)
#: What has the focus: its place among all that can have it, and on the page; and how that is shown.
#: A button of a field comes after its input, wherever it stands: people come to type.
FOCUSED = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const tool = one.matches(".ua-field button") && one.closest(".ua-field").querySelector("input");
  const {left, top, bottom} = (tool || one).getBoundingClientRect();
  const style = getComputedStyle(one);
  const is_seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  return {place: all().indexOf(one), left: left + (tool ? 1 : 0), top: top + scrollY, bottom: bottom + scrollY, is_seen,
          html: one.outerHTML.slice(0, 120)};
}"""
ALL = """window.all = () =>
  [...document.querySelectorAll("a[href], button, input, select, textarea, summary")]
    .filter((one) => one.checkVisibility() && one.type !== "hidden" && one.tabIndex >= 0)"""


@pytest.mark.parametrize("name", PAGES)
def test_tab_goes_in_the_order_of_reading_and_gets_out(browser, house, gallery, name):
    screen = Screen(browser, house, DESK)
    page = screen.show(gallery[name])
    page.evaluate(ALL)
    number = page.evaluate("all().length")
    # From the top, wherever the page has put the focus.
    page.evaluate("all()[0].focus()")

    walked = [page.evaluate(FOCUSED)]
    for _ in range(number - 1):
        page.keyboard.press("Tab")
        walked.append(page.evaluate(FOCUSED))
    page.keyboard.press("Tab")

    assert [stop and stop["place"] for stop in walked] == list(range(number))
    for before, after in pairwise(walked):
        is_below = after["top"] >= before["bottom"] - 1
        is_beside = after["left"] > before["left"] and after["bottom"] > before["top"]
        assert is_below or is_beside, f"{before['html']} comes before {after['html']}"
    # What a script has focused need not look like it.
    assert [stop["html"] for stop in walked[1:] if not stop["is_seen"]] == []
    # Out of the page, or at its beginning again: nothing keeps the focus.
    assert page.evaluate(FOCUSED) is None or page.evaluate(FOCUSED)["place"] == 0
    screen.close()


@pytest.mark.parametrize("name", ["login-refused", "register-asks-all-refused", "invite-refused"])
def test_tab_leads_from_what_is_wrong_into_the_form(browser, house, gallery, name):
    screen = Screen(browser, house, DESK)
    page = screen.show(gallery[name])
    page.wait_for_function("document.activeElement.matches('[role=alert]')")

    page.keyboard.press("Tab")

    first = "form:has([role=alert]) :is(input:not([type=hidden]), select, textarea)"
    assert page.evaluate(f"document.activeElement === document.querySelector('{first}')")
    screen.close()
