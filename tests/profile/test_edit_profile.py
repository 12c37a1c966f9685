"""Edit what the user model lets people edit."""

import pytest
from django.core.exceptions import ValidationError

from django_useraccounts.models import AccountEvent
from django_useraccounts.profile.flows import edit_profile
from django_useraccounts.signals import profile_edited
from django_useraccounts.testing import log_in, make_user

pytestmark = pytest.mark.django_db

PAGE = "/accounts/edit-profile/"


def test_the_page_shows_the_names_and_saves_them(client):
    user = make_user("maria", first_name="Maria")
    log_in(client, user)

    page = client.get(PAGE).content.decode()
    response = client.post(PAGE, {"first_name": "Marie", "last_name": "Curie"})

    assert 'value="Maria"' in page
    assert 'autocomplete="family-name"' in page
    assert response["Location"] == "/accounts/profile/"
    user.refresh_from_db()
    assert user.get_full_name() == "Marie Curie"
    assert "Marie Curie" in client.get("/accounts/profile/").content.decode()


def test_the_event_tells_what_was_edited_and_not_what_it_held(client):
    user = make_user("maria", first_name="Maria", last_name="Curie")

    log_in(client, user).post(PAGE, {"first_name": "Marie", "last_name": "Curie"})

    event = AccountEvent.objects.get(kind="profile_edited")
    assert event.details == {"fields": ["first_name"]}
    assert (event.user, event.actor) == (user, user)


def test_nothing_changed_is_nothing_done():
    user = make_user("maria", first_name="Maria")

    edit_profile(user, {"first_name": "Maria"})

    assert not AccountEvent.objects.exists()


def test_a_name_that_is_too_long_is_told_beside_the_field(client):
    user = make_user("maria")

    response = log_in(client, user).post(PAGE, {"first_name": "x" * 151})

    assert "at most 150 characters" in str(response.context["form"].errors["first_name"])


@pytest.mark.parametrize("name", ["is_staff", "is_superuser", "session_epoch", "email", "password"])
def test_what_is_not_named_by_the_model_cannot_be_edited(client, name):
    user = make_user("maria")
    before = getattr(user, name)

    log_in(client, user).post(PAGE, {"first_name": "Maria", name: "1"})
    with pytest.raises(ValueError, match=name):
        edit_profile(user, {name: "1"})

    user.refresh_from_db()
    assert getattr(user, name) == before


def test_the_flow_takes_no_value_that_the_column_does_not():
    user = make_user("maria")

    with pytest.raises(ValidationError):
        edit_profile(user, {"first_name": "x" * 151})

    user.refresh_from_db()
    assert user.first_name == ""


def test_the_signal_names_the_columns(django_capture_on_commit_callbacks):
    heard = []

    def hear(**news):
        heard.append(news["fields"])

    profile_edited.connect(hear)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            edit_profile(make_user("maria"), {"first_name": "Maria"})
    finally:
        profile_edited.disconnect(hear)

    assert heard == [["first_name"]]


def test_who_is_not_logged_in_is_sent_to_the_login(client):
    assert client.get(PAGE)["Location"] == f"/accounts/login/?next={PAGE}"
