"""Pages, their base, their fields and their sentences are the choir's."""

import re

import pytest
from django.core.management import call_command
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from django_useraccounts.models import Role
from django_useraccounts.testing import PASSWORD, link_in, log_in, mails_to, make_user

pytestmark = pytest.mark.django_db

OF_STRANGERS = ("register", "login", "mail_sent", "forgot_password", "resend_confirmation")
OF_USERS = (
    *("profile", "edit_profile", "change_username", "change_password", "set_password"),
    *("confirm_identity", "logout", "keys", "return_key"),
)


@pytest.fixture
def page_of(client):
    """Return a function that opens an account page as somebody who may, and returns its HTML."""

    def page_of(name):
        if name in OF_USERS:
            password = None if name == "set_password" else PASSWORD
            log_in(client, make_user("maria", password=password, roles=["keeper"]))
        response = client.get(reverse(f"useraccounts:{name}"))
        assert response.status_code == 200
        return response.content.decode()

    return page_of


def test_the_project_passes_the_checks_and_its_migrations_are_complete():
    Role.objects.create(name="keeper")

    call_command("check", databases=["default"], fail_level="WARNING")
    call_command("makemigrations", check_changes=True, dry_run=True)


@pytest.mark.parametrize("name", OF_STRANGERS + OF_USERS)
def test_every_page_stands_in_the_base_of_the_choir(page_of, name):
    html = page_of(name)

    assert "♪ The Harbour Choir" in html
    assert '<link rel="stylesheet" href="/static/choir/choir.css">' in html
    assert "ua-page" not in html


def test_a_refusal_stands_in_it_too(client, settings):
    log_in(client, make_user("maria"))
    forbidden = client.get(reverse("useraccounts:keys"))
    gone = client.get(reverse("useraccounts:reset_password", args=["nonsense"]))
    stale = Client(enforce_csrf_checks=True).post(reverse("useraccounts:resend_confirmation"))
    settings.CHOIR_IS_FULL = True
    closed = Client().get(reverse("useraccounts:register"))

    for response, status in ((forbidden, 403), (gone, 404), (stale, 403), (closed, 403)):
        assert response.status_code == status
        assert "♪ The Harbour Choir" in response.content.decode()
    assert "♪ The Harbour Choir" in render_to_string("useraccounts/unavailable.html")


def test_a_page_is_replaced_by_one_of_the_same_name(page_of):
    html = page_of("mail_sent")

    assert "<h1>Look into your letter box</h1>" in html
    assert "mail" not in re.sub(r"<[^>]+>", "", html)


def test_a_page_is_extended_by_one_of_the_same_name_with_context_of_the_choir(page_of):
    html = page_of("login")

    assert "We meet again on Thursday at seven." in html
    assert '<input type="password"' in html


@pytest.mark.parametrize(
    "name, fields",
    [
        ("register", 4),
        ("login", 4),
        ("forgot_password", 1),
        ("resend_confirmation", 1),
        ("edit_profile", 3),
        ("change_username", 1),
        ("change_password", 2),
        ("set_password", 1),
        ("confirm_identity", 1),
        ("return_key", 1),
    ],
)
def test_one_template_restyles_the_fields_of_every_form(page_of, name, fields):
    html = page_of(name)

    assert html.count('<div class="choir-field">') == fields
    assert "ua-field" not in html


def test_it_restyles_the_new_password_behind_a_mailed_link_too(client, post):
    make_user("maria")
    post("forgot_password", email="maria@example.com")
    (mail,) = mails_to("maria@example.com")

    html = client.get(link_in(mail), follow=True).content.decode()

    assert re.search(r'<div class="choir-field">\s*<label for="id_new_password">', html)


def test_it_shows_help_and_errors_where_the_fields_point(post):
    html = post("register", username="no", email="", password="").content.decode()

    for error in re.findall(r'<strong id="(id_\w+_error)">', html):
        assert re.search(rf'<(input|select)[^>]* aria-describedby="[^"]*\b{error}"', html)
    assert html.count("<strong id=") == 4


def test_a_sentence_is_replaced_by_a_translation(page_of, register):
    make_user("maria")

    page = page_of("login")
    _mail, refused = register("maria", email="other@example.com")

    assert "Left your password in the coat?" in page
    assert "Somebody sings under this name already." in refused.content.decode()
