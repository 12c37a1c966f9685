"""What people are called: the edges of the modes that settings alone can make."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from django_useraccounts.emails.flows import confirm_email
from django_useraccounts.errors import InvalidEmail, InvalidUsername, UsernameTaken
from django_useraccounts.models import OldUsername, OneTimeSecret, OutgoingMail, User, UserEmail
from django_useraccounts.passwords.flows import change_password
from django_useraccounts.profile.flows import change_username
from django_useraccounts.registration.flows import register
from django_useraccounts.registration.forms import RegisterForm
from django_useraccounts.testing import PASSWORD, log_in, make_user

pytestmark = pytest.mark.django_db

URL = "/accounts/register/"
TAKEN = ["This username is taken. Please choose another one."]
NOT_THE_SAME = ["This is not the same as above. Please enter it again."]
ONE, OTHER = "b" * 43, "c" * 43


@pytest.fixture
def accounts(settings):
    """Set some of USERACCOUNTS."""

    def use(**changes):
        settings.USERACCOUNTS = {**settings.USERACCOUNTS, **changes}

    return use


def filled(**changes):
    form = RegisterForm(
        {"username": "frida", "email": "frida@example.com", "password": PASSWORD, **changes}
    )
    form.is_valid()
    return form


def logged_in(client):
    return "_auth_user_id" in client.session


# Usernames for those who want one


def test_two_people_without_a_username_do_not_collide(accounts):
    accounts(USERNAME="optional")

    one = register("", email="frida@example.com", password=PASSWORD)
    other = register(None, email="diego@example.com", password=PASSWORD)

    one.user.refresh_from_db()
    assert one.user != other.user
    assert (one.user.username, one.user.username_key) == (None, None)
    assert User.objects.count() == 2


@pytest.mark.parametrize("empty", ["", "   ", None])
def test_an_optional_username_may_be_left_empty_on_the_page(client, accounts, empty):
    accounts(USERNAME="optional")
    data = {"email": "frida@example.com", "password": PASSWORD}

    response = client.post(URL, data if empty is None else {**data, "username": empty})

    assert response.status_code == 302
    assert User.objects.get().username is None


@pytest.mark.parametrize("name", ["ab", "admin", "fri da"])
def test_an_optional_username_is_as_strict_as_any(accounts, name):
    accounts(USERNAME="optional")

    assert "username" in filled(username=name).errors
    with pytest.raises(InvalidUsername):
        register(name, email="frida@example.com", password=PASSWORD)


def test_an_optional_username_is_taken_like_any(accounts):
    accounts(USERNAME="optional")
    make_user("frida")

    with pytest.raises(UsernameTaken):
        register("Frida", email="other@example.com", password=PASSWORD)

    assert User.objects.count() == 1


def test_a_username_that_the_site_has_not_is_nobodys(accounts):
    accounts(USERNAME="off")

    one = register("frida", email="frida@example.com", password=PASSWORD)
    other = register("frida", email="diego@example.com", password=PASSWORD)

    assert one.user != other.user
    assert one.user.username is other.user.username is None
    assert set(filled().fields) == {"email", "password"}


@pytest.mark.parametrize("username", [None, ""])
def test_a_username_is_required_unless_the_site_says_otherwise(username):
    with pytest.raises(InvalidUsername):
        register(username, email="frida@example.com", password=PASSWORD)


@pytest.mark.parametrize("email", [None, ""])
@pytest.mark.parametrize("username", ["required", "optional", "off"])
def test_an_address_is_required_where_people_have_one(accounts, username, email):
    accounts(USERNAME=username)

    with pytest.raises(InvalidEmail):
        register("frida", email=email, password=PASSWORD)


def test_an_address_that_the_site_has_not_is_nobodys(accounts):
    accounts(EMAIL="off")

    made = register("frida", email="not even an address", password=PASSWORD)

    assert made.address is None
    assert not UserEmail.objects.exists()
    assert set(filled().fields) == {"username", "password"}


def test_without_addresses_a_username_is_required_whatever_else_is_set(accounts):
    accounts(EMAIL="off", USERNAME="optional")

    assert filled(username="").errors == {"username": ["This field is required."]}
    with pytest.raises(InvalidUsername):
        register("", password=PASSWORD)


# What a site has given up


def test_a_username_from_before_is_shown_nowhere(client, accounts):
    frida = make_user("frida", "kahlo@example.com")
    accounts(USERNAME="off")

    page = log_in(client, frida).get("/accounts/profile/").content.decode()

    assert frida.shown_username == ""
    assert str(frida) == frida.get_full_name() == "kahlo@example.com"
    assert "frida" not in page
    assert "sername" not in page


def test_an_address_from_before_gets_no_mail(accounts):
    frida = make_user("frida")
    accounts(EMAIL="off")

    change_password(frida, old_password=PASSWORD, new_password="another one of hers")
    change_username(frida, "kahlo")

    assert frida.email == "frida@example.com"
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize(
    "login_by, name",
    [("username_or_email", "maria"), ("username", "maria"), ("email", "maria@example.com")],
)
@pytest.mark.parametrize("page", ["change-password", "confirm-identity"])
def test_a_password_manager_is_told_a_name_that_logs_in(client, accounts, page, login_by, name):
    maria = make_user("maria")
    accounts(LOGIN_BY=login_by)

    response = log_in(client, maria).get(f"/accounts/{page}/")

    assert f'autocomplete="username" value="{name}" readonly hidden' in response.content.decode()


# Typed twice


@pytest.mark.parametrize(
    "changes, told",
    [
        ({}, {}),
        # An address is compared as it is used: spaces around and the script of the domain are not.
        ({"retype_email": "  frida@example.com "}, {}),
        ({"email": "frida@faß.de", "retype_email": "frida@xn--fa-hia.de"}, {}),
        ({"retype_email": "frida@example.org"}, {"retype_email": NOT_THE_SAME}),
        ({"retype_email": "Frida@example.com"}, {"retype_email": NOT_THE_SAME}),
        ({"retype_email": ""}, {"retype_email": ["This field is required."]}),
        (
            {"retype_email": "frida"},
            {"retype_email": ["Enter an e-mail address like name@example.com."]},
        ),
        # A password is what was typed, spaces included.
        ({"password": f" {PASSWORD} ", "retype_password": f" {PASSWORD} "}, {}),
        ({"retype_password": f"{PASSWORD} "}, {"retype_password": NOT_THE_SAME}),
        ({"retype_password": PASSWORD.upper()}, {"retype_password": NOT_THE_SAME}),
        ({"retype_password": ""}, {"retype_password": ["This field is required."]}),
    ],
)
def test_what_is_typed_twice_has_to_be_the_same(accounts, changes, told):
    accounts(RETYPE=("email", "password"))
    typed = {"retype_email": "frida@example.com", "retype_password": PASSWORD, **changes}

    form = filled(**typed)

    assert form.errors == told


def test_what_is_wrong_the_first_time_is_told_once(accounts):
    accounts(RETYPE=("email", "password"))

    form = filled(email="frida", retype_email="frida@example.com", password="", retype_password="x")

    assert form.errors == {
        "email": ["Enter an e-mail address like name@example.com."],
        "password": ["This field is required."],
    }


@pytest.mark.parametrize(
    "retype, fields",
    [
        ((), ["username", "email", "password"]),
        (("email",), ["username", "email", "retype_email", "password"]),
        (("password",), ["username", "email", "password", "retype_password"]),
        (
            ["password", "email"],
            ["username", "email", "retype_email", "password", "retype_password"],
        ),
    ],
)
def test_a_field_stands_below_the_one_that_it_repeats(accounts, retype, fields):
    accounts(RETYPE=retype)

    assert list(RegisterForm().fields) == fields


def test_nothing_that_is_absent_is_typed_twice(accounts):
    accounts(RETYPE=("email", "password"), EMAIL="off")

    assert list(RegisterForm().fields) == ["username", "password", "retype_password"]


# The same registration twice


def test_a_second_click_without_a_username_opens_no_second_account(accounts):
    accounts(USERNAME="optional")
    first = register(email="f@example.com", password=PASSWORD, browser_token=ONE)

    second = register(email="F@Example.com", password=PASSWORD, browser_token=ONE)

    assert second.user == first.user
    assert User.objects.count() == OutgoingMail.objects.count() == 1


@pytest.mark.parametrize("token", [OTHER, ""])
def test_another_browser_without_a_username_opens_an_account_of_its_own(accounts, token):
    accounts(USERNAME="optional")
    first = register(email="f@example.com", password=PASSWORD, browser_token=ONE)

    second = register(email="f@example.com", password=PASSWORD, browser_token=token)

    # A claim owns nothing: who proves the address gets it.
    assert second.user != first.user
    assert UserEmail.objects.claims().count() == 2


def test_people_without_a_token_are_not_taken_for_one_browser(accounts):
    accounts(USERNAME="off")

    one = register(email="f@example.com", password=PASSWORD)
    other = register(email="f@example.com", password=PASSWORD)

    assert one.user != other.user


@pytest.mark.parametrize("password, comes_in", [(PASSWORD, True), ("another password", False)])
def test_where_people_come_in_at_once_a_repeat_needs_the_password(
    client, accounts, password, comes_in
):
    accounts(CONFIRM_EMAIL_BEFORE_LOGIN=False)
    data = {"username": "frida", "email": "frida@example.com", "password": PASSWORD}
    client.post(URL, data)
    client.post("/accounts/logout/")
    assert not logged_in(client)

    response = client.post(URL, {**data, "password": password})

    assert logged_in(client) == comes_in
    assert response.status_code == (302 if comes_in else 200)
    assert ("is taken" in response.content.decode()) != comes_in
    assert User.objects.get().check_password(PASSWORD)


def test_where_people_come_in_at_once_another_browser_does_not_repeat(client, accounts):
    accounts(CONFIRM_EMAIL_BEFORE_LOGIN=False)
    data = {"username": "frida", "email": "frida@example.com", "password": PASSWORD}
    client.post(URL, data)
    other = Client()

    response = other.post(URL, data)

    assert response.context["form"].errors == {"username": TAKEN}
    assert not logged_in(other)


def test_after_the_confirmation_the_same_again_is_no_second_click():
    register("frida", email="f@example.com", password=PASSWORD, browser_token=ONE)
    confirm_email(OneTimeSecret.objects.get())

    with pytest.raises(UsernameTaken):
        register("frida", email="f@example.com", password=PASSWORD, browser_token=ONE)


def test_an_account_that_is_switched_off_does_not_come_in_by_registering_again(client, accounts):
    accounts(EMAIL="off")
    client.post(URL, {"username": "frida", "password": PASSWORD})
    client.post("/accounts/logout/")
    User.objects.update(is_active=False)

    response = client.post(URL, {"username": "frida", "password": PASSWORD})

    assert response.context["form"].errors == {"username": TAKEN}
    assert not logged_in(client)


# Usernames that were given up


@pytest.fixture
def kahlo():
    """Return somebody who was called frida until now."""
    user = make_user("frida")
    change_username(user, "kahlo")
    return user


@pytest.mark.parametrize("name", ["frida", "FRIDA", " frida "])
def test_an_old_username_is_refused_to_others(kahlo, name):
    diego = make_user("diego")

    with pytest.raises(UsernameTaken):
        register(name, email="other@example.com", password=PASSWORD)
    with pytest.raises(UsernameTaken):
        change_username(diego, name)

    diego.refresh_from_db()
    assert diego.username == "diego"
    assert User.objects.count() == 2
    assert UserEmail.objects.count() == 2


def test_its_owner_takes_it_back_and_leaves_the_other_one(kahlo):
    change_username(kahlo, "Frida")

    kahlo.refresh_from_db()
    assert kahlo.username == "Frida"
    assert [old.username_key for old in OldUsername.objects.reserved()] == ["kahlo-"]


def test_it_is_free_once_its_time_is_over(kahlo):
    OldUsername.objects.update(released_at=timezone.now())

    made = register("frida", email="other@example.com", password=PASSWORD)

    made.user.refresh_from_db()
    assert made.user.username == "frida"
    assert made.user != kahlo


def test_it_is_reserved_for_as_long_as_the_site_says(accounts):
    accounts(OLD_USERNAME_RESERVED=timedelta(0))
    change_username(make_user("frida"), "kahlo")

    made = register("frida", email="other@example.com", password=PASSWORD)

    assert made.user.username == "frida"


def test_a_reserved_username_costs_nobody_an_address(kahlo, client):
    data = {"username": "frida", "email": "other@example.com", "password": PASSWORD}

    response = client.post(URL, data)

    assert response.context["form"].errors == {"username": TAKEN}
    assert not UserEmail.objects.addressed("other@example.com").exists()
    assert not OutgoingMail.objects.filter(to="other@example.com").exists()


def test_a_reserved_username_is_told_before_a_taken_address(kahlo, client):
    data = {"username": "frida", "email": "frida@example.com", "password": PASSWORD}

    response = client.post(URL, data)

    # Usernames are public, addresses are not: the owner of the address hears nothing of this.
    assert response.context["form"].errors == {"username": TAKEN}
    assert not OutgoingMail.objects.filter(kind="already_registered").exists()
