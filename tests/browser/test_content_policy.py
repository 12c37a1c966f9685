"""The demo as it is started, in a browser that enforces its policy for content: nothing is refused."""

import os
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Response

from testproject.guild.people import PASSWORD
from tests.readme import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.one_database]

#: Where a link leads to more of the same.
ENOUGH = ("/admin/",)
ADMIN = [
    "/admin/",
    "/admin/useraccounts/user/",
    "/admin/useraccounts/user/1/change/",
    "/admin/useraccounts/rolegrant/",
]
#: What every page says, and what the HTML of a mail says in the frame around it.
POLICY = {"default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"}
FRAMED = {"default-src 'none'", "frame-ancestors 'self'"}
#: Tells of each violation in the words of the browser, and of the page that it was on.
LISTEN = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error("POLICY", event.effectiveDirective, event.blockedURI, document.location.href));
"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Run ``manage.py demo`` and return its address."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "testproject.settings",
        "GUILD_VAR": str(tmp_path_factory.mktemp("guild")),
    }
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "demo", "--port=0"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    greeting = iter(process.stdout.readline, "")
    address = next(line.split()[-1] for line in greeting if " is open at " in line)
    next(line for line in greeting if line.startswith("Ctrl-C"))
    yield address.rstrip("/")
    process.kill()
    process.communicate()


@pytest.fixture
def visit(browser, demo):
    """Yield a page on the demo, and the violations that it has met so far."""
    context = browser.new_context(base_url=demo)
    context.add_init_script(LISTEN)
    page, violations = context.new_page(), []

    def note(message):
        if "POLICY" in message.text or "Content Security Policy" in message.text:
            violations.append(message.text)

    context.on("console", note)
    yield page, violations
    context.close()


def directives_of(answer: Response) -> set[str]:
    return {part.strip() for part in answer.headers["content-security-policy"].split(";")}


def links_of(page: Page) -> list[str]:
    """Return the paths that a page leads to on its own site."""
    here = urlsplit(page.url)
    hrefs = page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
    parts = [urlsplit(href) for href in hrefs]
    return [f"{p.path}?{p.query}" if p.query else p.path for p in parts if p.netloc == here.netloc]


def walk(page: Page, start: list[str]) -> set[str]:
    """Visit all that can be reached by links; of what differs by a number or a query, one."""
    waiting, seen, walked = [*start], set(), set()
    while waiting:
        path = waiting.pop(0)
        kind = "".join("0" if letter.isdigit() else letter for letter in path.partition("?")[0])
        if kind in seen:
            continue
        seen.add(kind)
        if path.startswith(ENOUGH) and path not in start:
            continue
        answer = page.goto(path)
        if answer and "html" in answer.headers.get("content-type", ""):
            walked.add(urlsplit(page.url).path)
            if answer.status != 404:  # with DEBUG they may be Django's own
                assert POLICY <= directives_of(answer) or FRAMED <= directives_of(answer)
            waiting += links_of(page)
    return walked


def press(page, button):
    with page.expect_navigation():
        page.get_by_role("button", name=button).first.click()


def log_in(page, username, next_url=""):
    page.goto(f"/accounts/login/?next={next_url}")
    page.get_by_label("Username or e-mail address").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Log in")


def test_a_violation_would_be_noticed(visit):
    page, violations = visit
    page.goto("/")

    page.evaluate(
        "document.body.append(Object.assign(new Image(), {src: 'https://evil.example/'}))"
    )
    page.evaluate("document.body.setAttribute('style', 'color: red')")
    page.wait_for_function("() => true")

    assert any("img-src" in text for text in violations)
    assert any("style-src" in text for text in violations)


@pytest.mark.asvs("3.4.3", "3.4.6", "3.7.1")
def test_a_stranger_meets_no_violation_anywhere(visit):
    page, violations = visit

    walked = walk(page, ["/", "/accounts/register/", "/accounts/login/"])

    assert {"/", "/mailbox/", "/mails/", "/doors/", "/accounts/forgot-password/"} <= walked
    assert violations == []


@pytest.mark.asvs("3.4.3", "3.4.6", "3.7.1")
def test_somebody_of_the_guild_meets_no_violation_anywhere(visit):
    page, violations = visit
    log_in(page, "frida")

    walked = walk(page, ["/", "/accounts/profile/", "/accounts/change-password/"])

    assert {"/members/", "/accounts/profile/", "/accounts/emails/"} <= walked
    assert violations == []


def test_the_administration_passes_too(visit):
    page, violations = visit
    log_in(page, "caretaker")

    walked = walk(page, ADMIN)

    assert len(walked.intersection(ADMIN)) == len(ADMIN)
    assert violations == []


def test_forms_that_lead_to_another_site_are_followed(visit):
    page, violations = visit
    page.goto("/accounts/login/")
    press(page, "own provider")
    assert urlsplit(page.url).path == "/provider/authorize"

    log_in(page, "frida", "/accounts/start-checkout/patron/")
    press(page, "Continue to the payment")
    assert urlsplit(page.url).path.startswith("/till/")

    assert violations == []
