"""Whoever is logged in finds the way out on each account page, and nobody else sees one."""

import re
from pathlib import Path

import pytest
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse

import django_useraccounts
from django_useraccounts.models import UserEmail
from django_useraccounts.secrets import CONFIRM_EMAIL, RESET_PASSWORD, issue, link_of
from django_useraccounts.testing import log_in, make_user

pytestmark = pytest.mark.django_db

TEMPLATES = Path(django_useraccounts.__file__).parent / "templates"
BUTTON = re.compile(r'<form[^>]* method="post" action="/accounts/logout/">(.*?)</form>', re.DOTALL)


@pytest.fixture(autouse=True)
def _plain_pages(settings):
    """The base of the app, not that of the demo."""
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [TEMPLATES]}]


def pages():
    """Return the paths of all account pages that need no argument."""
    _prefix, resolver = get_resolver().namespace_dict["useraccounts"]
    for name in sorted(filter(lambda name: isinstance(name, str), resolver.reverse_dict)):
        try:
            yield reverse(f"useraccounts:{name}")
        except NoReverseMatch:
            continue


def shown(client):
    """Return the HTML of each page that the visitor is shown."""
    answers = {path: client.get(path) for path in pages()}
    return {
        path: answer.content.decode()
        for path, answer in answers.items()
        if answer.headers.get("Content-Type", "").startswith("text/html")
        and answer.status_code in (200, 403)
    }


@pytest.mark.asvs("7.4.4")
def test_each_page_of_who_is_logged_in_has_one_button_to_log_out(client):
    log_in(client, make_user("maria"))

    html = shown(client)

    assert len(html) > 12
    for path, text in html.items():
        buttons = [form for form in BUTTON.findall(text) if "Log out<" in form]
        # The page that asks whether to log out has the button of its own form.
        assert len(buttons) == (path != reverse("useraccounts:logout")), path
        assert text.count(">Log out</button>") == 1, path


def test_it_logs_out(client):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = log_in(client, make_user("maria")).cookies
    page = strict.get(reverse("useraccounts:emails")).content.decode()
    [form] = BUTTON.findall(page)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)[1]

    strict.post(reverse("useraccounts:logout"), {"csrfmiddlewaretoken": token})

    assert strict.get(reverse("useraccounts:emails")).status_code == 302


def test_strangers_see_none(client):
    html = shown(client)

    assert len(html) > 4
    assert not [path for path, text in html.items() if BUTTON.search(text)]


def test_nor_do_they_on_a_page_of_a_mailed_link_whose_user_it_names(client):
    maria = make_user("maria")
    claim = UserEmail.objects.add_claim(maria, "second@example.com")
    for name, purpose, address in (
        ("confirm_email", CONFIRM_EMAIL, claim),
        ("reset_password", RESET_PASSWORD, maria.emails.get(is_primary=True)),
    ):
        link = link_of(issue(purpose, address=address))
        page = client.get(reverse(f"useraccounts:{name}", args=[link]), follow=True)

        assert page.status_code == 200
        assert not BUTTON.search(page.content.decode())


def test_who_may_not_open_a_page_or_has_to_accept_terms_finds_the_way_out(client, set_conf):
    log_in(client, make_user("maria"))

    forbidden = client.get(reverse("useraccounts:invite"))
    set_conf(TERMS_VERSION="2")
    terms = client.get(reverse("useraccounts:accept_terms"))

    assert (forbidden.status_code, terms.status_code) == (403, 200)
    for page in (forbidden, terms):
        assert len(BUTTON.findall(page.content.decode())) == 1
