"""Cookies of our own: where the site's are for https alone, nobody else can set them."""

import ast
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

import django_useraccounts
from django_useraccounts.browser import COOKIE as BROWSER
from django_useraccounts.devices import COOKIE as DEVICE
from django_useraccounts.models import UserEmail
from django_useraccounts.secrets import RESET_PASSWORD, issue, link_of
from django_useraccounts.testing import PASSWORD, link_in, mails_to, make_user
from django_useraccounts.views import LINK_COOKIE as LINK

pytestmark = pytest.mark.django_db

PACKAGE = Path(django_useraccounts.__file__).parent
NOVA = {"username": "nova", "email": "nova@example.com", "password": PASSWORD}


def url(name, *args):
    return reverse(f"useraccounts:{name}", args=args)


class Https(Client):
    """A browser that drops what one has to drop, and visits the site by https."""

    def request(self, **request):
        response = super().request(**{**request, "wsgi.url_scheme": "https"})
        for name, cookie in response.cookies.items():
            is_whole = cookie["path"] == "/" and not cookie["domain"]
            is_kept = cookie["secure"] and (is_whole or name.startswith("__Secure-"))
            if name.startswith("__") and not is_kept:
                del self.cookies[name]
        return response


@pytest.fixture
def https():
    return Https()


@pytest.fixture
def _secure(settings):
    settings.SESSION_COOKIE_SECURE = True


def register(browser, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        browser.post(url("register"), NOVA)
    return link_in(mails_to(NOVA["email"])[-1])


def reset_link(user):
    link = link_of(issue(RESET_PASSWORD, address=UserEmail.objects.get(user=user)))
    return url("reset_password", link)


@pytest.mark.asvs("3.3.1", "3.3.3")
@pytest.mark.usefixtures("_secure")
def test_no_other_host_and_no_page_of_http_can_set_them(https, django_capture_on_commit_callbacks):
    register(https, django_capture_on_commit_callbacks)
    https.post(url("login"), {"identifier": make_user("maria").username, "password": PASSWORD})
    stranger = Https()
    stranger.get(reset_link(make_user("frida")))

    for name in (BROWSER, DEVICE):
        cookie = https.cookies[f"__Host-{name}"]
        assert (cookie["path"], cookie["domain"], cookie["secure"]) == ("/", "", True)
        assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
        assert name not in https.cookies
    [name] = stranger.cookies
    assert name == f"__Secure-{LINK}"
    assert stranger.cookies[name]["secure"]
    assert stranger.cookies[name]["path"].startswith(url("reset_password", "x")[:-2])


@pytest.mark.usefixtures("_secure")
def test_they_are_read_by_these_names(https, django_capture_on_commit_callbacks):
    link = register(https, django_capture_on_commit_callbacks)

    page = https.get(link, follow=True)
    https.post(page.request["PATH_INFO"], {"answer": "confirm"})

    # The browser that has registered is logged in by its link, and trusted.
    assert https.get(url("profile"), secure=True).status_code == 200
    assert f"__Host-{DEVICE}" in https.cookies


@pytest.mark.usefixtures("_secure")
@pytest.mark.parametrize("name", [BROWSER, f"__Secure-{BROWSER}"])
def test_what_another_host_has_planted_is_not_read(https, name, django_capture_on_commit_callbacks):
    """Whoever registers for somebody, and plants his token there, is not that browser."""
    thief, victim = https, Https()
    link = register(thief, django_capture_on_commit_callbacks)
    victim.cookies[name] = thief.cookies[f"__Host-{BROWSER}"].value

    page = victim.get(link, follow=True)
    victim.post(page.request["PATH_INFO"], {"answer": "confirm"})

    assert victim.get(url("profile"), secure=True).status_code == 302


@pytest.mark.usefixtures("_secure")
def test_a_proof_without_the_prefix_opens_nothing(https):
    link = reset_link(make_user("maria"))
    page = https.get(link)["Location"]
    proof = https.cookies.pop(f"__Secure-{LINK}").value
    https.cookies[LINK] = proof

    assert https.get(page).status_code == 404


@pytest.mark.usefixtures("_secure")
def test_they_are_secure_also_behind_a_proxy_that_django_does_not_know(client):
    client.get(reset_link(make_user("maria")))

    assert client.cookies[f"__Secure-{LINK}"]["secure"]


@pytest.mark.parametrize("is_secure", [True, False])
def test_without_https_for_sessions_they_have_their_plain_names(client, is_secure):
    client.get(reset_link(make_user("maria")), secure=is_secure)

    assert bool(client.cookies[LINK]["secure"]) is is_secure


def test_nothing_else_sets_or_reads_a_cookie_of_ours():
    """But ``views.py`` reads the session's, when a request begins anew."""
    found = {
        f"{path.relative_to(PACKAGE)}: {node.attr}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in {"COOKIES", "set_cookie"}
    }

    own = {"cookies.py: COOKIES", "cookies.py: set_cookie"}
    assert found == {*own, "views.py: COOKIES"}
