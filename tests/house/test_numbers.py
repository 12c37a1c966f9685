"""How many queries and hashes each page may cost: the promises of the docs, held exactly."""

from contextlib import contextmanager

import pytest
from django.contrib.auth import hashers
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from django_useraccounts.testing import PASSWORD, link_in, log_in, mails_to, make_user
from testproject.test_settings import QuickArgon2

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _deliver_elsewhere(settings):
    settings.USERACCOUNTS = {**settings.USERACCOUNTS, "MAIL_DELIVERY": "command"}


@contextmanager
def counted(monkeypatch):
    """Count the statements, savepoints apart, and the password hashes of a block."""
    counts = {"hashes": 0}
    for name in ("encode", "verify"):
        original = getattr(hashers.Argon2PasswordHasher, name)

        def counting(self, *args, original=original):
            counts["hashes"] += 1
            return original(self, *args)

        monkeypatch.setattr(QuickArgon2, name, counting)
    with CaptureQueriesContext(connection) as captured:
        yield counts
    statements = [query["sql"] for query in captured.captured_queries]
    counts["sql"] = [sql for sql in statements if "SAVEPOINT" not in sql]
    counts["queries"] = len(counts["sql"])


def register(client, username="frida", email="frida@example.com"):
    data = {"username": username, "email": email, "password": PASSWORD}
    return client.post(reverse("useraccounts:register"), data)


def login(client, identifier, password=PASSWORD):
    data = {"identifier": identifier, "password": password}
    return client.post(reverse("useraccounts:login"), data)


def confirm_path(client, django_capture_on_commit_callbacks, settings):
    settings.USERACCOUNTS = {**settings.USERACCOUNTS, "MAIL_DELIVERY": "immediate"}
    with django_capture_on_commit_callbacks(execute=True):
        register(client)
    settings.USERACCOUNTS = {**settings.USERACCOUNTS, "MAIL_DELIVERY": "command"}
    (mail,) = mails_to("frida@example.com")
    return link_in(mail)


@pytest.mark.parametrize("path", ["/garret/", "/stage/", "/cellar/", "/back-stairs/"])
def test_a_role_guarded_page_costs_two_queries(client, monkeypatch, path):
    log_in(client, make_user(roles=["starving", "artist", "witty", "secret", "agent"]))

    with counted(monkeypatch) as cost:
        response = client.get(path)

    assert response.status_code == 200
    assert cost["queries"] == 2, cost["sql"]


@pytest.mark.parametrize("identifier", ["maria", "maria@example.com"])
def test_a_login_costs_eight_queries_and_one_hash(client, monkeypatch, identifier):
    make_user("maria", language="en")

    with counted(monkeypatch) as cost:
        response = login(client, identifier)

    assert response.status_code == 302
    assert cost["queries"] <= 8, cost["sql"]
    assert cost["hashes"] == 1
    limits_and_audit = [s for s in cost["sql"] if "attemptcounter" in s or "accountevent" in s]
    assert len(limits_and_audit) == 3


@pytest.mark.parametrize(
    "identifier, password",
    [
        ("maria", "wrong"),
        ("maria@example.com", "wrong"),
        ("nobody", "wrong"),
        ("nobody@example.com", "wrong"),
        ("unconfirmed@example.com", PASSWORD),
        ("inactive", PASSWORD),
        ("inactive", "wrong"),
        ("without", "wrong"),
        ("not an address@", "wrong"),
        ("x" * 200, "wrong"),
    ],
)
def test_a_login_that_fails_costs_three_queries_and_one_hash(
    client, monkeypatch, identifier, password
):
    make_user("maria")
    make_user("unconfirmed", confirmed=False)
    make_user("inactive", is_active=False)
    make_user("without", password=None)

    with counted(monkeypatch) as cost:
        response = login(client, identifier, password)

    assert response.status_code == 200
    assert cost["queries"] == 3, cost["sql"]
    assert cost["hashes"] == 1


@pytest.mark.parametrize("email", ["frida@example.com", "taken@example.com"])
def test_registering_costs_seven_queries_and_one_hash(client, monkeypatch, email):
    make_user("owner", "taken@example.com")

    with counted(monkeypatch) as cost:
        response = register(client, email=email)

    assert response.status_code == 302
    assert cost["queries"] == 7, cost["sql"]
    assert cost["hashes"] == 1


def test_registering_a_taken_username_costs_one_hash(client, monkeypatch):
    make_user("frida")

    with counted(monkeypatch) as cost:
        response = register(client)

    assert response.status_code == 200
    assert cost["hashes"] == 1


def test_confirming_costs_six_queries(
    client, monkeypatch, django_capture_on_commit_callbacks, settings
):
    link = confirm_path(client, django_capture_on_commit_callbacks, settings)
    other_browser = Client()
    path = other_browser.get(link)["Location"]

    with counted(monkeypatch) as cost:
        response = other_browser.post(path, {"answer": "confirm"})

    assert response.status_code == 302
    assert cost["queries"] == 6, cost["sql"]
    assert cost["hashes"] == 0


def test_opening_a_link_costs_one_query_before_it_leaves_the_address_and_one_for_the_page(
    client, monkeypatch, django_capture_on_commit_callbacks, settings
):
    link = confirm_path(client, django_capture_on_commit_callbacks, settings)

    with counted(monkeypatch) as cost:
        response = client.get(link, follow=True)

    assert response.status_code == 200
    assert cost["queries"] == 2, cost["sql"]


@pytest.mark.parametrize("page, queries", [("forgot_password", 6), ("resend_confirmation", 4)])
@pytest.mark.parametrize(
    "email", ["known@example.com", "unconfirmed@example.com", "inactive@example.com", "no@ne.com"]
)
def test_asking_for_a_mail_costs_the_same_whatever_the_address_is(
    client, monkeypatch, page, queries, email
):
    make_user("known")
    make_user("unconfirmed", confirmed=False)
    make_user("inactive", is_active=False)

    with counted(monkeypatch) as cost:
        response = client.post(reverse(f"useraccounts:{page}"), {"email": email})

    assert response.status_code == 302
    assert cost["queries"] == queries, cost["sql"]
    assert cost["hashes"] == 0


@pytest.mark.parametrize(
    "page", ["register", "login", "forgot_password", "resend_confirmation", "mail_sent"]
)
def test_a_page_for_strangers_costs_no_query_and_starts_no_session(client, monkeypatch, page):
    with counted(monkeypatch) as cost:
        response = client.get(reverse(f"useraccounts:{page}"))

    assert response.status_code == 200
    assert cost["queries"] == 0, cost["sql"]
    assert "sessionid" not in response.cookies
