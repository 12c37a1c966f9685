"""A room of the choir's own stands among the account pages."""

import pytest
from django.core import checks
from django.core.checks import Error
from django.urls import reverse
from keys.models import Key

from django_useraccounts.models import AccountEvent
from django_useraccounts.room import rooms
from django_useraccounts.testing import log_in, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def keeper(client):
    user = make_user("maria", roles=["keeper"])
    log_in(client, user)
    user.keys.create(door="Attic")
    return user


def test_the_room_has_joined_by_its_door():
    assert [room.label for room in rooms()] == ["useraccounts_keys", "useraccounts"]
    assert reverse("useraccounts:keys") == "/accounts/keys/"


def test_its_page_shows_its_rows_in_the_look_of_the_choir(client, keeper):
    html = client.get("/accounts/keys/").content.decode()

    assert "<h1>Your keys</h1>" in html
    assert "<li>Attic, now</li>" in html
    assert "♪ The Harbour Choir" in html


def test_its_page_is_an_account_page(client, keeper):
    response = client.get("/accounts/keys/")

    assert response["Referrer-Policy"] == "same-origin"
    assert response["X-Frame-Options"] == "DENY"
    assert "no-store" in response["Cache-Control"]


def test_its_pages_are_guarded(client):
    for path in ("/accounts/keys/", "/accounts/return-key/"):
        assert client.get(path)["Location"] == f"/accounts/login/?next={path}"
    log_in(client, make_user("frida"))
    for path in ("/accounts/keys/", "/accounts/return-key/"):
        assert client.get(path).status_code == 403


def test_its_entry_is_in_the_menu_of_those_whom_it_is_for(client, keeper):
    entry = '<a href="/accounts/keys/">Your keys</a>'

    of_keeper = client.get("/accounts/profile/").content.decode()
    log_in(client, make_user("frida"))
    of_others = client.get("/accounts/profile/").content.decode()

    assert entry in of_keeper
    assert entry not in of_others
    assert '<a href="/accounts/change-password/">' in of_others


def test_the_menu_marks_the_page_that_is_open(client, keeper):
    html = client.get("/accounts/keys/").content.decode()

    assert '<a href="/accounts/keys/" aria-current="page">Your keys</a>' in html
    assert html.count("aria-current") == 1


def test_its_flow_changes_its_rows_and_is_written_down(client, post, keeper):
    response = post("return_key", door="Attic")

    assert response["Location"] == "/accounts/keys/"
    assert [str(m) for m in client.get("/").context["messages"]] == ["Thank you for the key."]
    assert not Key.objects.exists()
    event = AccountEvent.objects.get(kind="key_returned")
    assert (event.user_id, event.details) == (keeper.pk, {"door": "Attic"})


def test_an_error_of_its_flow_stands_beside_its_field(post, keeper):
    response = post("return_key", door="Cellar")

    assert response.context["form"].errors == {"door": ["You have no key to this door."]}
    assert Key.objects.count() == 1


def test_what_it_needs_and_lacks_is_told_by_a_check(settings):
    installed = [app for app in settings.INSTALLED_APPS if app != "django.contrib.humanize"]
    settings.INSTALLED_APPS = installed

    assert checks.run_checks() == [
        Error(
            "keys needs django.contrib.humanize.",
            hint='Add "django.contrib.humanize" to INSTALLED_APPS.',
            id="useraccounts.E008",
        )
    ]
