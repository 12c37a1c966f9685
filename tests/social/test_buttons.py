"""The buttons of the providers, on the pages of the accounts and on those of a project."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.contrib.staticfiles import finders
from django.template import engines
from django.test import Client, RequestFactory
from django.urls import reverse
from docutils import nodes

from django_useraccounts import social
from django_useraccounts.models import AbstractUser
from django_useraccounts.social.models import Connection
from django_useraccounts.social.providers import PRESETS, all_providers
from django_useraccounts.testing import log_in, make_user
from tests.readme import ROOT, document

pytestmark = pytest.mark.django_db

LOGIN = "/accounts/login/"
REGISTER = "/accounts/register/"
PROVE = "/accounts/confirm-identity/"
KEYS = {"CLIENT_ID": "the-site", "CLIENT_SECRET": "secret"}
GUILD = {"ISSUER": "https://id.guild.example", **KEYS}
#: For every preset what it needs.
ENTRIES = {
    **dict.fromkeys(("google", "facebook", "github", "gitlab", "linkedin", "discord"), KEYS),
    "microsoft": {**KEYS, "TENANT": "common"},
    "apple": {
        "CLIENT_ID": "the-site",
        "TEAM_ID": "team",
        "KEY_ID": "key",
        "PRIVATE_KEY": "-----BEGIN PRIVATE KEY-----",
    },
}
#: What docs/buttons.rst shows.
DOCUMENTED = [block.astext() for block in document("docs/buttons.rst").findall(nodes.literal_block)]
MARKS = sorted((Path(social.__file__).parent / "static/useraccounts/social").glob("*.svg"))


@pytest.fixture
def providers(set_conf: Callable[..., None]) -> Callable[..., None]:
    """Let the site offer some providers: ``providers(google=KEYS)``."""

    def offer(**entries: object) -> None:
        set_conf(SOCIAL={"PROVIDERS": entries})

    return offer


class Page(HTMLParser):
    """The forms of a page, each as its fields, its action, and the words on its buttons."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[dict[str, str]] = []
        self.images: list[dict[str, str | None]] = []
        self._is_in_form = self._is_in_button = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            assert not self._is_in_form, "a form in a form"
            self._is_in_form = True
            self.forms.append({"action": given.get("action") or "", "words": ""})
        elif tag == "input" and self._is_in_form and given.get("name"):
            self.forms[-1][given["name"] or ""] = given.get("value") or ""
        elif tag == "img":
            self.images.append(given)
        self._is_in_button |= tag == "button"

    def handle_endtag(self, tag: str) -> None:
        self._is_in_form &= tag != "form"
        self._is_in_button &= tag != "button"

    def handle_data(self, data: str) -> None:
        if self._is_in_form and self._is_in_button:
            self.forms[-1]["words"] += data.strip()

    @property
    def buttons(self) -> list[dict[str, str]]:
        return [form for form in self.forms if "/social-login/" in form["action"]]


def page(client: Client, url: str) -> Page:
    return Page(client.get(url).content.decode())


def connect(user: AbstractUser, provider: str) -> None:
    Connection.objects.create(
        user=user, provider=provider, issuer="https://id.example", subject=f"{user.pk}", key=user.pk
    )


def render(rf: RequestFactory, text: str, **context: object) -> str:
    """Render what a template of a project says about the buttons."""
    template = engines["django"].from_string(f"{{% load useraccounts_social %}}{text}")
    return template.render(context, rf.get("/essays/7/"))


@pytest.mark.parametrize("url", [LOGIN, REGISTER])
def test_each_provider_has_a_button_in_the_order_of_the_settings(client, providers, url):
    providers(guild={**GUILD, "LABEL": "The Guild"}, google=KEYS, github=KEYS)

    buttons = page(client, url).buttons

    assert [(button["action"], button["words"]) for button in buttons] == [
        ("/accounts/social-login/guild/", "Continue with The Guild"),
        ("/accounts/social-login/google/", "Continue with Google"),
        ("/accounts/social-login/github/", "Continue with GitHub"),
    ]
    assert all(button["csrfmiddlewaretoken"] for button in buttons)
    assert not any("next" in button or "purpose" in button for button in buttons)


@pytest.mark.parametrize("url", [LOGIN, REGISTER])
def test_who_goes_to_a_provider_goes_on_where_the_page_would_have_led(client, providers, url):
    providers(google=KEYS)

    [inside] = page(client, f"{url}?next=/essays/%3Fpage%3D7").buttons
    [outside] = page(client, f"{url}?next=https://evil.example/").buttons

    assert inside["next"] == "/essays/?page=7"
    assert "next" not in outside


@pytest.mark.parametrize("url", [LOGIN, REGISTER])
def test_the_buttons_cost_no_query(client, providers, django_assert_num_queries, url):
    providers(google=KEYS)

    with django_assert_num_queries(0):
        client.get(url)


def test_the_buttons_load_no_library_of_the_protocol():
    # They are on pages of everybody, and few people click on one.
    script = f"""
import sys, django
django.setup()
from django.conf import settings
from django.template import engines
settings.USERACCOUNTS = {{"SOCIAL": {{"PROVIDERS": {ENTRIES}}}}}
html = engines["django"].from_string("{{% load useraccounts_social %}}{{% social_buttons %}}").render()
print(html.count("<button"), *{{"authlib", "joserfc", "cryptography"}} & set(sys.modules))
"""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "testproject.test_settings"}

    shown = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True
    )

    assert (shown.stdout, shown.stderr) == (f"{len(ENTRIES)}\n", "")


@pytest.mark.parametrize("url", [LOGIN, REGISTER])
def test_a_site_without_providers_offers_no_other_way(client, url):
    html = client.get(url).content.decode()

    assert "ua-or" not in html
    assert "ua-ways" not in html


@pytest.mark.parametrize("url", [LOGIN, REGISTER])
def test_a_site_without_the_room_offers_no_other_way(client, settings, url):
    # URLs are read once in a process, so for the tests to come not without those of the room.
    assert reverse("useraccounts:social_login", args=["google"])
    installed = [app for app in settings.INSTALLED_APPS if not app.endswith(".social")]
    settings.INSTALLED_APPS = installed

    html = client.get(url).content.decode()

    assert 'name="password"' in html
    assert "ua-or" not in html


@pytest.mark.parametrize("url", [LOGIN, REGISTER])
def test_the_pages_hold_nothing_inline_and_nothing_of_the_providers(client, providers, url):
    providers(**ENTRIES, guild=GUILD)

    html = client.get(url).content.decode()

    assert not re.search(
        r"<script(?! src=\"/static/)|<style|<svg|\sstyle=|\son\w+=|https?://", html
    )


def test_a_mark_is_no_word_for_who_hears_the_page(client, providers):
    providers(google=KEYS, guild=GUILD)

    images = page(client, LOGIN).images

    assert [(image["src"], image["alt"]) for image in images] == [
        ("/static/useraccounts/social/google.svg", ""),
        ("/static/useraccounts/social/key.svg", ""),
    ]


def test_a_label_is_text(client, providers):
    providers(guild={**GUILD, "LABEL": "<b>Gil & Daughters</b>"})

    html = client.get(LOGIN).content.decode()

    assert "Continue with &lt;b&gt;Gil &amp; Daughters&lt;/b&gt;" in html


# Who is logged in, and has no password


def test_who_has_no_password_proves_who_it_is_by_a_connected_provider(client, providers):
    providers(google=KEYS, github=KEYS)
    maria = make_user(password=None)
    connect(maria, "github")
    connect(make_user("frida"), "google")
    log_in(client, maria)

    shown = page(client, f"{PROVE}?next=/accounts/emails/")

    [button] = shown.buttons
    assert button["action"] == "/accounts/social-login/github/"
    assert button["purpose"] == "prove"
    assert button["next"] == "/accounts/emails/"
    assert not any(form["words"] == "Log in again" for form in shown.forms)


def test_who_has_a_password_proves_by_that(client, providers):
    providers(google=KEYS)
    maria = make_user()
    connect(maria, "google")
    log_in(client, maria)

    assert not page(client, PROVE).buttons


def test_who_has_no_password_and_no_connection_logs_in_again(client, providers):
    providers(google=KEYS)
    log_in(client, make_user(password=None))

    words = [form["words"] for form in page(client, PROVE).forms]

    assert words == ["Log out", "Log in again"]


# The pages of a project


def test_a_page_of_a_project_shows_the_buttons(rf, providers):
    providers(google=KEYS)

    html = render(rf, "{% with next=request.path %}{% social_buttons %}{% endwith %}")

    [button] = Page(html).buttons
    assert button["words"] == "Continue with Google"
    assert button["next"] == "/essays/7/"
    assert button["csrfmiddlewaretoken"]


def test_what_a_project_calls_purpose_is_not_ours(rf, providers):
    providers(google=KEYS)

    html = render(rf, "{% social_buttons %}", purpose="To raise the roof")

    [button] = Page(html).buttons
    assert "purpose" not in button


def test_a_site_without_providers_has_no_buttons(rf):
    assert not render(rf, "{% social_buttons %}").strip()


@pytest.mark.parametrize("block", DOCUMENTED, ids=["page", "look"])
def test_the_documented_templates_lead_to_the_provider(rf, providers, block):
    providers(google=KEYS)
    context = {"providers": all_providers().values(), "next": "/essays/7/", "purpose": "prove"}

    [button] = Page(render(rf, block, **context)).buttons

    assert button["action"] == "/accounts/social-login/google/"
    assert button["next"] == "/essays/7/"
    assert button["csrfmiddlewaretoken"]
    assert button["words"].endswith("Google")
    assert button.get("purpose") == ("prove" if "purpose" in block else None)


# The marks


def test_every_preset_has_a_mark_of_its_own(providers):
    providers(**ENTRIES)

    assert ENTRIES.keys() == PRESETS.keys()
    marks = {name: provider.icon for name, provider in all_providers().items()}

    assert marks == {name: f"useraccounts/social/{name}.svg" for name in ENTRIES}
    assert all(finders.find(mark) for mark in marks.values())


@pytest.mark.parametrize("path", MARKS, ids=lambda path: path.stem)
def test_a_mark_is_a_small_drawing_and_nothing_else(path):
    drawing = ElementTree.fromstring(path.read_text(encoding="utf-8"))

    namespace = "{http://www.w3.org/2000/svg}"
    assert drawing.tag == f"{namespace}svg"
    assert drawing.get("viewBox")
    assert {part.tag for part in drawing} == {f"{namespace}path"}
    assert path.stat().st_size < 1500


def test_where_each_mark_comes_from_is_written_beside_it():
    text = (MARKS[0].parent / "README.txt").read_text(encoding="utf-8")

    assert all(f"\n{path.name} " in text for path in MARKS)
