"""What Chromium paints: pages of a site as before, and pages of the accounts as the site wants them."""

import re

import pytest

from django_useraccounts.testing import log_in, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: A page of a site with one of each thing that a stylesheet could touch; the place keeps its size.
HOST = """<!doctype html>
<html lang="en"><head><title>A site</title>
<style>
  body { font: 15px/1.4 serif; background: #eee; color: #222; accent-color: teal; }
  #place { block-size: 60rem; inline-size: 30rem; overflow: hidden; }
  p::before { content: "§"; } .card { --accent: red; color: var(--accent); }
</style>%(styles)s</head>
<body class="page">
  <header class="header"><a href="#">Home</a> <nav><ul class="links"><li>One<li><a href="#">Two</a></ul></nav></header>
  <main class="main"><section class="card"><h1>Title</h1><h2>Less</h2><p>Text <strong>bold</strong></p>
    <dl><dt>A<dd>B</dl><ol><li>1</ol><blockquote>Q</blockquote><table><tr><th>H<td>D</table>
    <form class="form"><fieldset><legend>L</legend><label>N <input placeholder="x"></label>
      <input type="checkbox"><input type="radio"><input type="password" aria-invalid="true" required>
      <select><option>O</select><textarea></textarea><button class="button" disabled>B</button></fieldset></form>
    <details open><summary>S</summary><p hidden>H</p></details><img alt=""><hr></section>
    <div class="field errors help notice tag actions" role="alert" tabindex="-1">E</div></main>
  <div id="place">%(ours)s</div>
  <footer><a href="#" aria-current="page">End</a></footer>
</body></html>"""
STYLES = "".join(
    f'<link rel="stylesheet" href="/static/useraccounts/{name}.css">'
    for name in ("useraccounts", "user_menu")
)
#: All that the browser knows about each element that is not ours.
PAINTED = """() => [...document.querySelectorAll("html, body, body *")]
    .filter(element => !element.parentElement?.closest("#place"))
    .flatMap(element => ["", "::before", "::after", "::marker", "::placeholder"].map(part => {
        const style = getComputedStyle(element, part);
        return [element.tagName + part, [...style].map(name => name + ": " + style[name]).join("; ")];
    }))"""


def painted(page, *, styles="", ours="", **media):
    html = HOST % {"styles": styles, "ours": ours}
    page.unroute_all()
    page.route("**/host/", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.emulate_media(**media)
    page.goto("/host/")
    return page.evaluate(PAINTED)


@pytest.mark.parametrize("colors", ["light", "dark"])
def test_a_page_of_the_site_looks_the_same_with_our_stylesheets_and_with_our_form(
    page, client, colors
):
    login = client.get("/accounts/login/").content.decode()
    [form] = re.findall(r'<section class="ua ua-card">.*?</section>', login, re.DOTALL)

    before = painted(page, color_scheme=colors)

    assert len(before) > 150
    assert painted(page, styles=STYLES, color_scheme=colors) == before
    assert painted(page, styles=STYLES, ours=form, color_scheme=colors) == before
    # and the form is ours all the same
    assert page.locator("#place h1").evaluate("e => getComputedStyle(e).marginTop") == "0px"


def style_of(locator, *names):
    return locator.evaluate("(e, names) => names.map(n => getComputedStyle(e)[n])", list(names))


@pytest.mark.parametrize(
    "colors, ground, surface, accent, on_accent",
    [
        ("light", "232, 238, 242", "255, 255, 255", "138, 51, 36", "255, 255, 255"),
        ("dark", "16, 24, 29", "27, 38, 45", "242, 179, 155", "53, 18, 10"),
    ],
)
def test_five_properties_give_the_pages_another_look(
    open_site, new_page, colors, ground, surface, accent, on_accent
):
    open_site("painter")
    page = new_page(color_scheme=colors)
    page.goto("/accounts/login/")

    body, card, button = (
        page.locator("body"),
        page.locator("section"),
        page.locator("form button[type=submit]"),
    )

    assert style_of(body, "backgroundColor") == [f"rgb({ground})"]
    assert style_of(card, "backgroundColor", "borderRadius") == [f"rgb({surface})", "6px"]
    looks = style_of(button, "backgroundColor", "color", "borderRadius")
    assert looks == [f"rgb({accent})", f"rgb({on_accent})", "4px"]


#: What Tailwind writes, in its layers: a reset, and the utilities that a template names.
TAILWIND = """@layer base { h1 { font-size: inherit; font-weight: inherit; } }
@layer utilities { .rounded-none { border-radius: 0; } .bg-stone-50 { background-color: #fafaf9; } }"""


def test_our_stylesheet_stands_between_the_reset_of_tailwind_and_its_utilities(open_site, page):
    open_site("tailor")
    page.route(
        "**/tailor/tailwind.css",
        lambda route: route.fulfill(body=TAILWIND, content_type="text/css"),
    )

    page.goto("/accounts/login/")

    name = page.get_by_label("Username or e-mail address")
    assert style_of(name, "borderRadius", "backgroundColor") == ["0px", "rgb(250, 250, 249)"]
    [size, weight] = style_of(page.get_by_role("heading"), "fontSize", "fontWeight")
    assert float(size.removesuffix("px")) > 20
    assert int(weight) > 600


BOOTSTRAP = ":root { --bs-primary: #0d6efd; } .form-control { border-radius: 3px; } .btn { color: #010203; }"


def test_the_classes_of_bootstrap_win_over_our_stylesheet(open_site, page):
    open_site("bakery")
    page.route(
        "**/bootstrap.min.css", lambda route: route.fulfill(body=BOOTSTRAP, content_type="text/css")
    )

    page.goto("/accounts/login/")

    assert style_of(page.get_by_label("Password"), "borderRadius") == ["3px"]
    assert style_of(page.get_by_role("button", name="Log in"), "color") == ["rgb(1, 2, 3)"]
    link = page.get_by_role("link", name="Forgot your password?")
    assert style_of(link, "color") == ["rgb(13, 110, 253)"]


@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_menu_opens_by_keyboard_and_fits_a_small_phone(
    open_site, new_page, client, live_server, language
):
    open_site("bookshop")
    log_in(client, make_user("frida-with-a-very-long-name"))
    page = new_page(viewport={"width": 320, "height": 700}, locale=language)
    session = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page.goto("/")
    panel = page.locator(".ua-user-panel")
    assert not panel.is_visible()

    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    assert panel.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    box = panel.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 320
    with page.expect_navigation():
        panel.get_by_role("button").click()
    page.goto("/")
    assert page.locator("summary").count() == 0
