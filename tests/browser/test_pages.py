"""What holds for every page in a real browser: its guards, and that it asks nobody else."""

import pytest
from playwright.sync_api import expect

from django_useraccounts.testing import PASSWORD, link_in, mails_to, make_user

pytestmark = pytest.mark.browser

FOR_STRANGERS = (
    "/accounts/register/",
    "/accounts/login/",
    "/accounts/mail-sent/",
    "/accounts/forgot-password/",
    "/accounts/resend-confirmation/",
    "/accounts/confirm-email/AAAAAAAAAAAAAAAAAAAAAA/",
)
FOR_USERS = (
    "/accounts/profile/",
    "/accounts/change-password/",
    "/accounts/confirm-identity/",
    "/accounts/logout/",
    "/garret/",
)


def press(page, button):
    """Press a button of a form, and wait for the page that it leads to."""
    with page.expect_navigation():
        page.get_by_role("button", name=button).first.click()


def log_in(page, username="frida"):
    page.goto("/accounts/login/")
    page.get_by_label("Username or e-mail address").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Log in")


def walk(page):
    """Yield at every kind of page: as a stranger, with a form refused, by mailed link, as a user."""
    make_user("frida")
    for path in FOR_STRANGERS:
        page.goto(path)
        yield path
    for path, button in (
        ("register", "Register"),
        ("login", "Log in"),
        ("forgot-password", "Send"),
    ):
        page.goto(f"/accounts/{path}/")
        press(page, button)
        yield f"{path}, refused"
    page.get_by_label("E-mail address").fill("frida@example.com")
    press(page, "Send")
    page.goto(link_in(mails_to("frida@example.com")[-1]))
    yield "reset-password"
    page.goto("/accounts/register/")
    page.get_by_label("Username").fill("nova")
    page.get_by_label("E-mail address").fill("nova@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Register")
    page.goto(link_in(mails_to("nova@example.com")[-1]))
    yield "confirm-email"
    press(page, "It was not me")
    yield "not me"
    log_in(page)
    for path in FOR_USERS:
        page.goto(path)
        yield path


@pytest.mark.parametrize(
    "username, roles, opened",
    [
        ("frida", ["starving", "artist"], {"/garret/", "/studio/"}),
        ("ada", ["starving", "programmer", "witty"], {"/garret/", "/stage/"}),
        ("user007", ["secret", "agent"], {"/cellar/", "/back-stairs/"}),
        ("moneypenny", ["secret", "starving"], set()),
    ],
)
def test_a_guarded_page_opens_for_the_right_person_only(page, username, roles, opened):
    make_user(username, roles=roles)
    log_in(page, username)

    doors = ("/garret/", "/cellar/", "/back-stairs/", "/stage/", "/studio/")
    answers = {path: page.goto(path).status for path in doors}

    assert answers == {path: 200 if path in opened else 403 for path in doors}


def test_who_may_not_enter_reads_a_page_that_says_so_but_not_how_to_get_in(page):
    make_user("vincent", roles=["starving"])
    log_in(page, "vincent")

    page.goto("/garret/")

    expect(page.get_by_role("heading", name="This page is not open to you")).to_be_visible()
    assert "programmer" not in page.locator("body").inner_text()


def test_a_stranger_at_a_guarded_door_gets_in_after_the_login(page):
    make_user("user007", roles=["secret", "agent"])
    page.goto("/cellar/")

    page.get_by_label("Username or e-mail address").fill("user007@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Log in")

    expect(page).to_have_url("/cellar/")
    expect(page.get_by_role("heading", name="The cellar")).to_be_visible()


def test_the_main_job_runs_without_javascript(new_page):
    page = new_page(java_script_enabled=False)
    page.goto("/accounts/register/?next=/members/")
    press(page, "Register")
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Username").fill("frida")
    page.get_by_label("E-mail address").fill("frida@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Register")
    page.goto(link_in(mails_to("frida@example.com")[-1]))
    press(page, "Confirm this address")
    expect(page).to_have_url("/members/")
    press(page, "Log out")
    log_in(page)
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()


def test_no_page_needs_anything_inline_or_from_elsewhere(page):
    # given a browser that is told to take everything from this site, and nothing inline
    complaints = []

    def strictly(route):
        answer = route.fetch(max_redirects=0)
        policy = "default-src 'self'; base-uri 'none'; object-src 'none'"
        route.fulfill(
            response=answer, headers={**answer.headers, "content-security-policy": policy}
        )

    page.context.route("**/*", strictly)
    page.on("console", lambda message: complaints.append((message.type, message.text)))

    # when every page is looked at
    looked_at = list(walk(page))

    # then the console has nothing but the status of the pages that refuse
    assert len(looked_at) == len(FOR_STRANGERS) + len(FOR_USERS) + 6
    assert [text for _type, text in complaints if "responded with a status of 40" not in text] == []


@pytest.mark.parametrize("colors", ["light", "dark"])
def test_every_page_fits_a_small_phone_and_can_be_read(new_page, colors):
    page = new_page(viewport={"width": 360, "height": 740}, is_mobile=True, color_scheme=colors)
    for where in walk(page):
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, where
        assert page.evaluate(FAINT_TEXT) == [], where
        assert page.evaluate(UNLABELLED) == [], where


#: The visible texts whose contrast with what is behind them is below 4.5 (WCAG 2.2, 1.4.3).
FAINT_TEXT = """() => {
    const context = Object.assign(document.createElement("canvas"), {width: 1, height: 1})
        .getContext("2d", {willReadFrequently: true});
    const rgba = color => {
        context.clearRect(0, 0, 1, 1);
        context.fillStyle = color;
        context.fillRect(0, 0, 1, 1);
        return context.getImageData(0, 0, 1, 1).data;
    };
    const light = color => {
        const [r, g, b] = [...rgba(color)].map(v => v / 255)
            .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = element => {
        for (let e = element; e; e = e.parentElement) {
            const color = getComputedStyle(e).backgroundColor;
            if (rgba(color)[3] === 255) return color;
        }
        return matchMedia("(prefers-color-scheme: dark)").matches ? "#121212" : "#fff";
    };
    const faint = [];
    for (const e of document.querySelectorAll(".ua *")) {
        const says = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
        if (!says || !e.checkVisibility()) continue;
        const [a, b] = [light(getComputedStyle(e).color), light(behind(e))];
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (contrast < 4.5) faint.push(`${contrast.toFixed(1)}: ${e.innerText}`);
    }
    return faint;
}"""

#: The controls that a screen reader would have no name for.
UNLABELLED = """() => [...document.querySelectorAll("input, select, textarea, button")]
    .filter(e => e.checkVisibility() && e.type !== "hidden")
    .filter(e => !(e.labels?.length || e.innerText || e.ariaLabel))
    .map(e => e.outerHTML)"""


@pytest.mark.parametrize("policy, status", [("same-origin", 302), ("no-referrer", 403)])
def test_a_form_page_may_not_hide_its_origin_from_the_check_against_forged_requests(
    page, policy, status
):
    """Why the pages send ``Referrer-Policy: same-origin``: with no-referrer forms would fail."""
    make_user("frida")
    answers = []

    def with_policy(route):
        answer = route.fetch(max_redirects=0)
        route.fulfill(response=answer, headers={**answer.headers, "referrer-policy": policy})

    page.goto("/accounts/login/")
    page.route("**/accounts/login/", with_policy)
    page.on("response", lambda r: r.request.method == "POST" and answers.append(r))

    log_in(page)

    assert [answer.status for answer in answers] == [status]
    origin = answers[0].request.all_headers()["origin"]
    assert (origin == "null") == (policy == "no-referrer")


def test_every_page_tells_other_sites_nothing_and_may_not_be_kept_or_framed(page):
    for path in FOR_STRANGERS:
        headers = page.goto(path).headers

        assert headers["referrer-policy"] == "same-origin", path
        assert "no-store" in headers["cache-control"], path
        assert headers["x-frame-options"] == "DENY", path
