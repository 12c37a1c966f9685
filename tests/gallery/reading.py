"""What a browser finds on a page that somebody could stumble over; each finding is a sentence."""

from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Page

from tests.gallery.screen import Screen, static_file
from tests.gallery.stage import Shot

#: What axe-core is to look for: WCAG 2.2 AA, and what its authors recommend beyond.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

#: Bytes of a page with its static files, as they are.
BUDGET = 30_000

_RUN_AXE = """async ([tags, off]) => {
  const rules = Object.fromEntries(off.map((rule) => [rule, {enabled: false}]));
  const options = {runOnly: tags, rules, resultTypes: ["violations"], iframes: false, preload: false};
  const {violations} = await axe.run(document, options);
  return violations.flatMap(({id, help, nodes}) =>
    nodes.map(({target, failureSummary}) => `${id}: ${help}, at ${target}. ${failureSummary}`));
}"""


def by_axe(page: Page, *, off: tuple[str, ...] = ()) -> list[str]:
    """Return what axe-core finds, whose script the screen has brought along."""
    found: list[str] = page.evaluate(_RUN_AXE, [TAGS, list(off)])
    return found


def by_weight(screen: Screen, shot: Shot) -> Iterator[str]:
    """Yield where a page weighs too much, asks for what is not its own, or has the browser complain."""
    files = (static_file(path) or b"" for path in screen.asked.files)
    total = len(shot.html.encode()) + sum(map(len, files))
    if total > BUDGET:
        yield f"weighs {total} bytes in all"
    yield from (f"asks for {url}" for url in screen.asked.elsewhere)
    yield from (f"makes the browser complain: {text}" for text in screen.asked.complaints)


#: What a form that was refused, or a message, does for who cannot see it.
_SAID = """async () => {
  const found = [], alert = document.querySelector("[role=alert]");
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  for (let n = 0; alert && document.activeElement !== alert && n < 60; n++) await frame();
  if (alert && document.activeElement !== alert)
    found.push(`the error summary has no focus, but ${document.activeElement.tagName}`);
  for (const notice of document.querySelectorAll(".ua-messages .ua-notice"))
    if (!notice.closest("[role=status], [role=alert]")) found.push("a message is in no live region");
  for (const errors of document.querySelectorAll(".ua-errors")) {
    const field = document.querySelector(`[aria-describedby~="${errors.id}"]`);
    if (!errors.id || !field) found.push(`no field is described by “${errors.innerText}”`);
    else if (!field.matches("[aria-invalid=true], fieldset"))
      found.push(`the field of “${errors.innerText}” is not said to be invalid`);
  }
  for (const field of document.querySelectorAll("[aria-invalid=true]"))
    if (![field, field.closest("fieldset[aria-describedby]")].some((one) =>
        (one?.getAttribute("aria-describedby") || "").split(" ")
          .some((id) => document.getElementById(id)?.innerText.trim())))
      found.push(`it is not said what is wrong with ${field.name}`);
  if (document.querySelector(".ua-errors, [aria-invalid=true]") && !alert)
    found.push("a form was refused, and no summary says so");
  const described = [...document.querySelectorAll("[aria-describedby]")];
  for (const field of described)
    for (const id of field.getAttribute("aria-describedby").split(" "))
      if (!document.getElementById(id)) found.push(`${field.name} is described by nothing: ${id}`);
  return found;
}"""

#: Controls without a name, or with a name that is only a placeholder.
_NAMELESS = """() => [...document.querySelectorAll("input, select, textarea, button, a[href]")]
  .filter((one) => one.checkVisibility() && one.type !== "hidden")
  .filter((one) => ![...(one.labels ?? [])].some((label) => label.innerText.trim())
    && !one.innerText?.trim() && !one.ariaLabel)
  .map((one) => `this has no name: ${one.outerHTML.slice(0, 200)}`)"""

#: Targets below 24 pixels that are not words in a sentence (WCAG 2.2, 2.5.8), counted without
#: what its exception for spacing lets pass: there is room enough on these pages.
_SMALL = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary")]
  .filter((one) => one.checkVisibility() && one.type !== "hidden")
  .filter((one) => !(one.matches("a") && getComputedStyle(one).display === "inline"
    && one.parentElement.innerText.trim() !== one.innerText.trim()))
  .map((one) => [one, one.getBoundingClientRect(),
    ...[...(one.labels ?? [])].map((label) => label.getBoundingClientRect())])
  .filter(([one, ...boxes]) => !boxes.some((box) => box.width >= 24 && box.height >= 24))
  .map(([one, box]) => `a target of ${box.width} by ${box.height}: ${one.outerHTML.slice(0, 200)}`)"""

_WIDE = """(allowed) => {
  const width = document.documentElement.scrollWidth;
  if (width <= allowed) return [];
  const widest = [...document.querySelectorAll("body *")]
    .find((one) => one.getBoundingClientRect().right > allowed + 0.5
      || one.getBoundingClientRect().left < -0.5);
  return [`is ${width} wide on ${allowed}: ${widest?.outerHTML.slice(0, 200)}`];
}"""

#: What people set who need it (WCAG 2.2, 1.4.12); a script of the test may, whatever the policy says.
_SPACE_OUT = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: 0.12em !important;
    word-spacing: 0.16em !important } p { margin-block-end: 2em !important }`);
  document.adoptedStyleSheets = [sheet];
}"""

#: Boxes that hide a part of the words in them.
_CUT = """() => [...document.querySelectorAll("body *")]
  .filter((one) => one.checkVisibility() && one.innerText?.trim() && !one.closest(".ua-unseen"))
  .filter((one) => ["hidden", "clip"].includes(getComputedStyle(one).overflowX)
    || ["hidden", "clip"].includes(getComputedStyle(one).overflowY))
  .filter((one) => one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1)
  .map((one) => `words are cut off in ${one.outerHTML.slice(0, 200)}`)"""


def by_words(page: Page) -> list[str]:
    """Return what is not said to somebody who does not see the page."""
    found: list[str] = [*page.evaluate(_SAID), *page.evaluate(_NAMELESS)]
    return found


def by_fingers(page: Page) -> list[str]:
    """Return what is too small to be hit."""
    found: list[str] = page.evaluate(_SMALL)
    return found


def by_width(page: Page, allowed: int) -> list[str]:
    """Return what has to be scrolled sideways."""
    found: list[str] = page.evaluate(_WIDE, allowed)
    return found


def spaced_out(page: Page, allowed: int) -> list[str]:
    """Return what gets lost where somebody has set more space between letters, words and lines."""
    page.evaluate(_SPACE_OUT)
    found: list[Any] = [*page.evaluate(_WIDE, allowed), *page.evaluate(_CUT)]
    return found
