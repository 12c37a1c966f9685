"""Set a first password: for somebody who has none, and has logged in by another way."""

import pytest
from asgiref.sync import async_to_sync

from django_useraccounts.errors import PasswordAlreadySet
from django_useraccounts.models import AccountEvent, User, UserEmail
from django_useraccounts.passwords.flows import change_password, set_password
from django_useraccounts.secrets import RESET_PASSWORD, is_void, issue
from django_useraccounts.testing import PASSWORD, log_in, mails_to, make_user

pytestmark = pytest.mark.django_db

PAGE = "/accounts/set-password/"
NEW = "a first password of mine"


@pytest.fixture
def maria():
    return make_user("maria", password=None)


def test_a_first_password_is_set_and_told_by_mail(
    client, maria, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        response = log_in(client, maria).post(PAGE, {"new_password": NEW})

    assert response["Location"] == "/accounts/profile/"
    maria.refresh_from_db()
    assert maria.check_password(NEW)
    assert AccountEvent.objects.get(kind="password_set").actor == maria
    assert len(mails_to("maria@example.com")) == 1


def test_this_session_goes_on_and_the_others_end(client, client_2, maria):
    log_in(client, maria)
    log_in(client_2, maria)

    client.post(PAGE, {"new_password": NEW})

    assert client.get("/accounts/profile/").status_code == 200
    assert client_2.get("/accounts/profile/").status_code == 302


@pytest.fixture
def client_2():
    from django.test import Client

    return Client()


def test_links_to_reset_it_end(maria):
    address = UserEmail.objects.select_related("user").get()
    secret = issue(RESET_PASSWORD, address=address)

    set_password(maria, new_password=NEW)

    secret.user.refresh_from_db()
    assert is_void(secret, is_replaced=False)


def test_the_two_pages_lead_to_each_other(client, maria):
    without, frida = maria, make_user("frida")

    set_page = log_in(client, frida).get(PAGE)
    change_page = log_in(client, without).get("/accounts/change-password/")

    assert set_page["Location"] == "/accounts/change-password/"
    assert change_page["Location"] == PAGE


def test_a_password_that_is_there_is_not_set_over():
    user = make_user("frida")

    with pytest.raises(PasswordAlreadySet):
        set_password(user, new_password=NEW)

    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_of_two_first_passwords_at_once_one_is_set(maria):
    stale = type(maria).objects.get(pk=maria.pk)
    set_password(maria, new_password=NEW)

    with pytest.raises(PasswordAlreadySet):
        set_password(stale, new_password="another password of mine")

    maria.refresh_from_db()
    assert maria.check_password(NEW)


def test_a_weak_password_is_told_beside_the_field(client, maria):
    response = log_in(client, maria).post(PAGE, {"new_password": "maria"})

    assert response.context["form"].errors["new_password"]
    maria.refresh_from_db()
    assert not maria.has_usable_password()


@pytest.mark.asvs("7.5.1")
def test_the_login_must_not_be_long_ago(client, maria):
    log_in(client, maria)
    session = client.session
    session["useraccounts_proved_at"] -= 3600
    session.save()

    asked = client.get(PAGE)
    page = client.get(asked["Location"]).content.decode()

    assert asked["Location"] == f"/accounts/confirm-identity/?next={PAGE}"
    # Without a password there is nothing to type: the page says what helps instead.
    assert 'name="old_password"' not in page
    assert "/accounts/forgot-password/" in page


def test_a_password_that_code_sets_ends_sessions_and_links(client):
    user = make_user("frida")
    log_in(client, user)

    user.set_password(NEW)
    user.save()

    assert client.get("/accounts/profile/").status_code == 302
    user.refresh_from_db()
    assert user.session_epoch == 1


def test_a_hash_that_is_renewed_ends_other_sessions_and_no_link(client, settings):
    user = make_user("frida")
    log_in(client, user)
    old = user.password
    settings.PASSWORD_HASHERS = ["tests.attacks.broken.StrongerHasher"]

    assert user.check_password(PASSWORD)

    renewed = User.objects.get()
    assert renewed.password == user.password
    assert renewed.password != old
    assert renewed.session_epoch == 0
    # The session hash is made of the password's, as Django's is.
    assert client.get("/accounts/profile/").status_code == 302


@pytest.mark.parametrize("is_async", [False, True])
def test_a_hash_that_is_renewed_brings_no_old_password_back(settings, is_async):
    # A thief tries the old one, and while that is hashed, the owner sets another.
    loaded_before = make_user("frida")
    change_password(User.objects.get(), old_password=PASSWORD, new_password=NEW)
    settings.PASSWORD_HASHERS = ["tests.attacks.broken.StrongerHasher"]

    check = loaded_before.check_password
    assert (async_to_sync(loaded_before.acheck_password) if is_async else check)(PASSWORD)

    owner = User.objects.get()
    assert owner.check_password(NEW)
    assert not owner.check_password(PASSWORD)
