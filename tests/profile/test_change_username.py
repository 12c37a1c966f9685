"""Take another username: by the page, and by the flow that the administration calls, too."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone

from django_useraccounts.errors import (
    InvalidUsername,
    SessionEnded,
    TooManyAttempts,
    UsernameTaken,
)
from django_useraccounts.models import AccountEvent, OldUsername
from django_useraccounts.profile.flows import change_username
from django_useraccounts.registration.flows import register
from django_useraccounts.signals import username_changed
from django_useraccounts.testing import PASSWORD, log_in, mails_to, make_user

pytestmark = pytest.mark.django_db

PAGE = "/accounts/change-username/"


@pytest.fixture
def maria():
    return make_user("maria")


@pytest.mark.asvs("6.3.7")
def test_a_new_username_is_in_force_and_told_by_mail(
    client, maria, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        response = log_in(client, maria).post(PAGE, {"username": "Marie.Curie"})

    assert response["Location"] == reverse("useraccounts:profile")
    maria.refresh_from_db()
    assert (maria.username, maria.username_key) == ("Marie.Curie", "marie.curie-")
    (mail,) = mails_to("maria@example.com")
    assert "Marie.Curie" in mail.body
    event = AccountEvent.objects.get(kind="username_changed")
    assert (event.user, event.actor) == (maria, maria)
    assert event.details == {"from": "maria", "to": "Marie.Curie"}


def test_the_session_goes_on_and_the_new_name_logs_in(client, maria):
    log_in(client, maria).post(PAGE, {"username": "curie"})

    assert "curie" in client.get("/accounts/profile/").content.decode()
    client.post("/accounts/logout/")
    old = client.post("/accounts/login/", {"identifier": "maria", "password": PASSWORD})
    new = client.post("/accounts/login/", {"identifier": "curie", "password": PASSWORD})
    assert (old.status_code, new.status_code) == (200, 302)


@pytest.mark.parametrize(
    "username, sentence",
    [
        ("", "This field is required"),
        ("ab", "at least 3 characters"),
        ("a b c", "Please use only the letters"),
        ("admin", "is reserved"),
        ("FRIDA", "is taken"),
        ("x" * 65, "at most 64 characters"),
    ],
)
def test_a_name_that_cannot_be_had_is_told_beside_the_field(client, maria, username, sentence):
    make_user("frida")

    response = log_in(client, maria).post(PAGE, {"username": username})

    assert response.status_code == 200
    assert sentence in str(response.context["form"].errors["username"])
    maria.refresh_from_db()
    assert maria.username == "maria"
    assert not OldUsername.objects.exists()
    assert not AccountEvent.objects.filter(kind="username_changed").exists()


@pytest.mark.asvs("7.5.1")
def test_the_page_asks_who_it_is_when_the_login_is_long_ago(client, maria):
    log_in(client, maria)
    session = client.session
    session["useraccounts_proved_at"] -= 3600
    session.save()

    asked = client.get(PAGE)
    wrong = client.post(asked["Location"], {"old_password": "not my password"})
    right = client.post(asked["Location"], {"old_password": PASSWORD})

    assert asked["Location"] == f"/accounts/confirm-identity/?next={PAGE}"
    assert "not your current password" in wrong.content.decode()
    assert right["Location"] == PAGE
    assert client.get(PAGE).status_code == 200


def test_the_old_name_is_kept_from_others_and_free_for_who_had_it(maria, settings):
    change_username(maria, "curie")

    with pytest.raises(UsernameTaken):
        register("Maria", email="other@example.com", password=PASSWORD)
    with pytest.raises(UsernameTaken):
        change_username(make_user("frida"), "maria")
    assert get_user_model().objects.count() == 2

    change_username(maria, "maria")
    assert list(OldUsername.objects.values_list("username_key", flat=True)) == ["curie-"]


def test_the_old_name_is_free_for_all_after_its_time(maria):
    change_username(maria, "curie")
    OldUsername.objects.update(released_at=timezone.now() - timedelta(seconds=1))

    registration = register("maria", email="other@example.com", password=PASSWORD)

    assert registration.user.username == "maria"


def test_who_takes_a_released_name_reserves_it_anew(maria):
    change_username(maria, "curie")
    OldUsername.objects.update(released_at=timezone.now() - timedelta(seconds=1))
    frida = make_user("frida")

    change_username(frida, "maria")
    change_username(frida, "kahlo")

    assert OldUsername.objects.get(username_key="maria-").user == frida


def test_another_spelling_of_the_same_name_reserves_nothing(maria):
    change_username(maria, "MARIA")

    maria.refresh_from_db()
    assert maria.username == "MARIA"
    assert not OldUsername.objects.exists()


def test_the_same_name_is_no_change(maria):
    change_username(maria, "maria")

    assert not AccountEvent.objects.exists()


@pytest.mark.asvs("2.3.2")
def test_names_cannot_be_hoarded(maria):
    for name in ("one", "two", "three"):
        change_username(maria, name)

    with pytest.raises(TooManyAttempts):
        change_username(maria, "four")

    change_username(maria, "four", by=make_user("caretaker"))
    maria.refresh_from_db()
    assert maria.username == "four"


def test_names_that_were_taken_are_no_changes(client, maria):
    make_user("frida")
    log_in(client, maria)

    taken = [client.post(PAGE, {"username": "frida"}) for _ in range(4)]
    free = client.post(PAGE, {"username": "curie"})

    assert [response.status_code for response in taken] == [200] * 4
    assert free.status_code == 302


def test_who_has_to_wait_for_long_is_told_in_hours(client, maria):
    log_in(client, maria)
    for name in ("one", "two", "three"):
        client.post(PAGE, {"username": name})

    response = client.post(PAGE, {"username": "four"})

    assert response.status_code == 429
    assert "Please try again in 24 hours." in response.content.decode()


def test_the_event_tells_who_did_it(maria):
    caretaker = make_user("caretaker", is_staff=True)

    change_username(maria, "curie", by=caretaker)

    assert AccountEvent.objects.get(kind="username_changed").actor == caretaker


def test_of_two_changes_at_once_the_one_that_read_the_older_name_does_nothing(maria):
    stale = get_user_model().objects.get(pk=maria.pk)
    change_username(maria, "curie")

    with pytest.raises(UsernameTaken):
        change_username(stale, "sklodowska")

    maria.refresh_from_db()
    assert maria.username == "curie"
    assert list(OldUsername.objects.values_list("username_key", flat=True)) == ["maria-"]


def test_a_session_that_was_ended_meanwhile_renames_nobody(maria, rf):
    request = rf.post(PAGE)
    request.user = maria
    get_user_model().objects.update(session_epoch=7)

    with pytest.raises(SessionEnded):
        change_username(maria, "mallory", request=request)

    assert get_user_model().objects.get().username == "maria"


def test_a_user_without_username_gets_one(settings):
    user = get_user_model().objects.create_user(email="x@example.com", password=PASSWORD)

    change_username(user, "newcomer")

    user.refresh_from_db()
    assert user.username == "newcomer"
    assert not OldUsername.objects.exists()


def test_the_flow_cleans_what_it_is_given(maria):
    with pytest.raises(InvalidUsername):
        change_username(maria, "\u0430dmin")


def test_the_signal_tells_the_old_name(maria, django_capture_on_commit_callbacks):
    heard = []

    def hear(**news):
        heard.append(news)

    username_changed.connect(hear)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            change_username(maria, "curie")
    finally:
        username_changed.disconnect(hear)

    assert heard[0]["user"] == maria
    assert heard[0]["old_username"] == "maria"
