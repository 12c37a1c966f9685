"""The login of the administration is the one of the accounts: limited, and written down."""

import pytest
from django.contrib.admin import AdminSite
from django.contrib.auth import get_user
from django.contrib.auth.forms import AuthenticationForm
from django.test import Client
from django.urls import reverse

from django_useraccounts.admin.login import AdminLoginForm
from django_useraccounts.models import AccountEvent, User
from django_useraccounts.testing import PASSWORD, log_in, make_user
from tests.admin.pages import make_staff

pytestmark = pytest.mark.django_db


def login(client, username, password=PASSWORD, address="203.0.113.9"):
    data = {"username": username, "password": password, "next": reverse("admin:index")}
    return client.post(reverse("admin:login"), data, REMOTE_ADDR=address)


@pytest.mark.asvs("16.2.1")
@pytest.mark.parametrize("identifier", ["boss", "BOSS", "boss@example.com"])
def test_staff_log_in_by_username_or_address_and_it_is_written_down(client, boss, identifier):
    response = login(client, identifier)

    assert response.status_code == 302
    assert get_user(client) == boss
    event = AccountEvent.objects.get()
    assert (event.kind, event.user, event.actor) == ("logged_in", boss, boss)
    assert event.client_address == "203.0.113.9"


@pytest.mark.asvs("6.3.4")
def test_M7_guesses_are_limited_with_the_budget_of_the_other_login(client, boss):
    for _ in range(5):
        login(client, "boss", "wrong")
        client.post(
            reverse("useraccounts:login"),
            {"identifier": "boss", "password": "wrong"},
            REMOTE_ADDR="203.0.113.9",
        )

    response = login(client, "boss")

    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 3600
    assert "Too many attempts." in response.content.decode()
    assert not get_user(client).is_authenticated
    assert not AccountEvent.objects.filter(kind="logged_in").exists()


def test_M5_strangers_keep_nobody_out_of_a_browser_that_has_logged_in_there(client, boss):
    login(client, "boss")
    client.post(reverse("admin:logout"))
    for number in range(40):
        login(Client(), "boss", "wrong", address=f"198.51.100.{number}")
    assert login(Client(), "boss").status_code == 429

    assert login(client, "boss").status_code == 302
    assert get_user(client) == boss


def test_who_is_not_staff_or_switched_off_does_not_get_in(client):
    make_user("frida")
    make_user("former", is_staff=True, is_active=False)

    for name in ("frida", "former"):
        assert login(client, name).status_code == 200
        assert not get_user(client).is_authenticated


def test_that_somebody_has_the_password_of_who_may_not_enter_is_written_down(client):
    frida = make_user("frida")

    assert login(client, "frida").status_code == 200

    event = AccountEvent.objects.get()
    assert (event.kind, event.user, event.actor) == ("login_failed", frida, None)
    assert event.details == {"reason": "not_allowed"}
    assert event.client_address == "203.0.113.9"


def test_A2_who_has_to_confirm_first_is_told_so_and_does_not_get_in(client):
    mallory = make_user("mallory", "victoria@example.com", confirmed=False, is_staff=True)

    response = login(client, "mallory")

    assert response.status_code == 200
    assert "Confirm your e-mail address first, then log in." in response.content.decode()
    assert not get_user(client).is_authenticated
    event = AccountEvent.objects.get()
    assert (event.kind, event.user, event.actor) == ("login_failed", mallory, None)
    assert event.details == {"reason": "unconfirmed"}


def test_who_may_confirm_later_gets_in_before(client, set_conf):
    set_conf(CONFIRM_EMAIL_BEFORE_LOGIN=False)
    make_user("clerk", confirmed=False, is_staff=True)

    assert login(client, "clerk").status_code == 302


def test_a_superuser_without_any_address_gets_in(client):
    User.objects.create_superuser("root", "", PASSWORD)

    assert login(client, "root").status_code == 302


def test_a_site_that_has_chosen_a_form_keeps_it():
    class Office(AdminSite):
        login_form = AuthenticationForm

    assert AdminSite.login_form is AdminLoginForm
    assert Office.login_form is AuthenticationForm


def test_the_own_password_is_changed_on_the_page_that_limits_guesses(client):
    log_in(client, make_staff())

    response = client.get(reverse("admin:password_change"))

    assert response.status_code == 302
    assert response["Location"] == reverse("useraccounts:change_password")
