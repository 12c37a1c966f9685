"""Register: the page, its sentences, and what the flow leaves behind."""

from typing import ClassVar

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse

from django_useraccounts import signals
from django_useraccounts.errors import (
    InvalidEmail,
    InvalidUsername,
    RegistrationClosed,
    TooManyAttempts,
    UsernameTaken,
)
from django_useraccounts.models import (
    AccountEvent,
    OneTimeSecret,
    OutgoingMail,
    User,
    UserEmail,
)
from django_useraccounts.policy import Policy
from django_useraccounts.registration.flows import register
from django_useraccounts.registration.forms import RegisterForm
from django_useraccounts.registration.views import RegisterView
from django_useraccounts.testing import PASSWORD, html_of, mails_to, make_user

pytestmark = pytest.mark.django_db

URL = "/accounts/register/"


class Memory:
    """As a validator that refuses old passwords, and so has to know them."""

    told: ClassVar[list[tuple[str, str]]] = []

    def validate(self, password, user=None):
        pass

    def get_help_text(self):
        return ""

    def password_changed(self, password, user=None):
        assert user.pk
        self.told.append((user.username, password))


class ClosedPolicy(Policy):
    def may_register(self, *, request):
        return False


def fill(client, **changes):
    data = {"username": "frida", "email": "frida@example.com", "password": PASSWORD, **changes}
    return client.post(URL, {name: value for name, value in data.items() if value is not None})


def errors_of(response):
    return {name: list(texts) for name, texts in response.context["form"].errors.items()}


# The flow


def test_registering_makes_a_user_whose_address_is_only_claimed():
    made = register("Frida", email="Frida@Example.COM", password=PASSWORD)

    made.user.refresh_from_db()
    assert made.user.username == "Frida"
    assert made.user.email == ""
    assert made.user.check_password(PASSWORD)
    assert made.user.password.startswith("argon2$")
    assert not made.user.has_confirmed_email
    assert made.address.email == "Frida@example.com"
    assert not made.address.is_confirmed
    assert made.address.is_primary is None


def test_registering_leaves_one_secret_one_mail_and_one_event():
    made = register("frida", email="frida@example.com", password=PASSWORD, next_url="/garret/")

    secret = OneTimeSecret.objects.get()
    mail = OutgoingMail.objects.get()
    event = AccountEvent.objects.get()
    assert (secret.purpose, secret.user, secret.next_url) == (
        "confirm_email",
        made.user,
        "/garret/",
    )
    assert (mail.kind, mail.to, mail.secret) == ("confirm_email", "frida@example.com", secret)
    assert (event.kind, event.user, event.actor) == ("registered", made.user, made.user)


def test_a_taken_address_is_claimed_in_vain_and_its_owner_is_told(
    django_capture_on_commit_callbacks,
):
    owner = make_user("owner", "frida@example.com")

    with django_capture_on_commit_callbacks(execute=True):
        made = register("frida", email="FRIDA@example.com", password=PASSWORD)

    (mail,) = mails_to("frida@example.com")
    assert "already" in mail.subject.lower() or "already" in mail.body.lower()
    assert made.user != owner
    assert not made.address.is_confirmed
    assert UserEmail.objects.confirmed().get().user == owner
    assert OutgoingMail.objects.get().secret is None


@pytest.mark.parametrize("is_active", [True, False])
def test_only_an_owner_whose_account_is_on_is_told_to_just_log_in(
    django_capture_on_commit_callbacks, is_active
):
    make_user("owner", "frida@example.com", is_active=is_active)

    with django_capture_on_commit_callbacks(execute=True):
        register("frida", email="frida@example.com", password=PASSWORD)

    (mail,) = mails_to("frida@example.com")
    for text in (mail.body, html_of(mail)):
        assert ("just log in" in text) is is_active
        assert ("/login/" in text) is is_active
        assert ("The account was switched off." in text) is not is_active


@pytest.mark.parametrize("other", ["frida", "FRIDA", " Frida "])
def test_a_username_that_differs_in_case_only_is_taken(other):
    register("Frida", email="frida@example.com", password=PASSWORD)

    with pytest.raises(UsernameTaken):
        register(other, email="other@example.com", password=PASSWORD)

    assert User.objects.count() == 1
    assert UserEmail.objects.count() == 1


def test_a_second_click_of_the_same_browser_gets_the_same_account():
    first = register("frida", email="f@example.com", password=PASSWORD, browser_token="b" * 43)

    second = register("frida", email="f@example.com", password=PASSWORD, browser_token="b" * 43)

    assert second.user == first.user
    assert OutgoingMail.objects.count() == 1


def test_a_validator_that_remembers_passwords_is_told_of_the_first_one_once(settings):
    settings.AUTH_PASSWORD_VALIDATORS = [{"NAME": f"{__name__}.Memory"}]
    Memory.told.clear()
    first = {"email": "frida@example.com", "browser_token": "token"}

    register("frida", password=PASSWORD, **first)
    register("frida", password=PASSWORD, **first)
    register("visitor", email="visitor@example.com", password=None)

    assert Memory.told == [("frida", PASSWORD)]


@pytest.mark.parametrize(
    "token, email",
    [("c" * 43, "f@example.com"), ("b" * 43, "g@example.com"), ("", "f@example.com")],
)
def test_another_browser_or_address_gets_no_account_of_somebody_else(token, email):
    register("frida", email="f@example.com", password=PASSWORD, browser_token="b" * 43)

    with pytest.raises(UsernameTaken):
        register("frida", email=email, password=PASSWORD, browser_token=token)


def test_a_closed_registration_makes_nothing(settings):
    settings.USERACCOUNTS = {**settings.USERACCOUNTS, "POLICY": f"{__name__}.ClosedPolicy"}

    with pytest.raises(RegistrationClosed):
        register("frida", email="frida@example.com", password=PASSWORD)

    assert not User.objects.exists()
    assert not OutgoingMail.objects.exists()


@pytest.mark.asvs("2.2.2")
def test_names_that_cannot_be_used_are_refused_by_the_flow_too():
    with pytest.raises(InvalidUsername):
        register("admin", email="frida@example.com", password=PASSWORD)
    with pytest.raises(InvalidEmail):
        register("frida", email="nowhere", password=PASSWORD)


def test_one_address_is_not_registered_for_ever():
    for number in range(5):
        register(f"frida{number}", email="frida@example.com", password=PASSWORD)

    with pytest.raises(TooManyAttempts):
        register("frida5", email="Frida@Example.com", password=PASSWORD)

    assert User.objects.count() == 5


def test_usernames_that_are_taken_use_up_no_registration_of_an_address(rf, set_conf):
    set_conf(LIMITS={"register": {"identifier": "5/1h", "client": "7/1h"}})
    for number in range(7):
        make_user(f"taken{number}")

    for number in range(6):
        with pytest.raises(UsernameTaken):
            register(
                f"taken{number}", email="frida@example.com", password=PASSWORD, request=rf.get("/")
            )

    register("frida", email="frida@example.com", password=PASSWORD, request=rf.get("/"))
    # Who tries is counted all the same, since each costs a hash.
    with pytest.raises(TooManyAttempts):
        register("taken6", email="frida@example.com", password=PASSWORD, request=rf.get("/"))


def test_the_news_comes_after_the_commit_and_a_receiver_that_raises_stops_nothing(
    django_capture_on_commit_callbacks, caplog
):
    heard = []

    def broken(**news):
        raise RuntimeError("a receiver of the project")

    def hearing(user, **news):
        heard.append(user.username)

    signals.registered.connect(broken)
    signals.registered.connect(hearing)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            register("frida", email="frida@example.com", password=PASSWORD)
            assert heard == []
    finally:
        signals.registered.disconnect(broken)
        signals.registered.disconnect(hearing)

    assert heard == ["frida"]
    assert "a receiver of the project" in caplog.text


def test_what_fails_half_way_leaves_nothing(monkeypatch):
    def failing(*args, **kwargs):
        raise RuntimeError("the last step")

    monkeypatch.setattr("django_useraccounts.models.events.AccountEventManager.record", failing)

    with pytest.raises(RuntimeError):
        register("frida", email="frida@example.com", password=PASSWORD)

    for model in (User, UserEmail, OneTimeSecret, OutgoingMail):
        assert not model.objects.exists()


# The page


def test_the_page_sends_on_to_wait_for_the_mail_and_says_where_it_went(client):
    response = client.post(
        URL, {"username": "frida", "email": "frida@exämple.com", "password": PASSWORD}, follow=True
    )

    assert response.redirect_chain == [("/accounts/mail-sent/", 302)]
    assert "frida@exämple.com" in response.content.decode()
    assert UserEmail.objects.get().email == "frida@xn--exmple-cua.com"


@pytest.mark.parametrize(
    "changes, field, sentence",
    [
        ({"username": ""}, "username", "This field is required."),
        ({"username": None}, "username", "This field is required."),
        ({"username": "ab"}, "username", "A username has at least 3 characters."),
        ({"username": "a" * 65}, "username", "A username has at most 64 characters."),
        (
            {"username": "fri da"},
            "username",
            "Please use only the letters a to z, digits, and the signs . _ - in a username.",
        ),
        (
            {"username": "аdmin"},
            "username",
            "Please use only the letters a to z, digits, and the signs . _ - in a username.",
        ),
        (
            {"username": "fri\u200bda"},
            "username",
            "Please use only the letters a to z, digits, and the signs . _ - in a username.",
        ),
        ({"username": "fri\x00da"}, "username", "Null characters are not allowed."),
        (
            {"username": "frida."},
            "username",
            "A username starts and ends with a letter or a digit.",
        ),
        (
            {"username": "Admin"},
            "username",
            "This username is reserved. Please choose another one.",
        ),
        ({"email": ""}, "email", "This field is required."),
        ({"email": "frida"}, "email", "Enter an e-mail address like name@example.com."),
        ({"email": "a@b.com,c@d.com"}, "email", "Enter an e-mail address like name@example.com."),
        ({"email": "a" * 65 + "@b.com"}, "email", "Enter an e-mail address like name@example.com."),
        ({"email": "a@" + "b" * 255 + ".com"}, "email", "This e-mail address is too long."),
        (
            {"email": "frída@example.com"},
            "email",
            "The part before the @ may only have the letters a to z, digits and signs.",
        ),
        ({"password": ""}, "password", "This field is required."),
        ({"password": "hello"}, "password", "This password is too short. It must contain at least 8 characters."),
        ({"password": "password"}, "password", "This password is too common."),
        ({"password": "frida@example.com"}, "password", "The password is too similar to the e-mail address."),
        ({"password": "fridafrida", "username": "fridafrida"}, "password", "The password is too similar to the username."),
        (
            {"password": "x" * 1_000_000},
            "password",
            "Ensure this value has at most 1000 characters (it has 1000000).",
        ),
    ],
)  # fmt: skip
def test_bad_input_gets_a_sentence_beside_its_field_and_loses_nothing(
    client, changes, field, sentence
):
    response = fill(client, **changes)

    assert response.status_code == 200
    assert sentence in errors_of(response)[field]
    assert not User.objects.exists()
    form = response.context["form"]
    for name in {"username", "email"} - {field}:
        assert (
            form[name].value()
            == {"username": "frida", "email": "frida@example.com", **changes}[name]
        )
        assert f'value="{form[name].value()}"' in response.content.decode()


def test_a_taken_username_gets_a_sentence_beside_its_field(client):
    make_user("frida")

    response = fill(client, email="other@example.com")

    assert errors_of(response) == {
        "username": ["This username is taken. Please choose another one."]
    }


def test_a_username_that_mariadb_takes_for_the_same_is_taken_too(settings, client):
    settings.USERACCOUNTS = {**settings.USERACCOUNTS, "UNICODE_USERNAMES": True}
    make_user("zoe")

    response = fill(client, username="zoë")

    # Its collation is stricter than the keys, and that is welcome: the two look alike.
    taken = ["This username is taken. Please choose another one."]
    assert response.status_code == (200 if connection.vendor == "mysql" else 302)
    if connection.vendor == "mysql":
        assert errors_of(response) == {"username": taken}


def test_a_form_that_asks_for_a_file_is_sent_with_it(client, monkeypatch):
    class PortraitForm(RegisterForm):
        portrait = forms.FileField()

    seen = []
    monkeypatch.setattr(RegisterView, "form_class", PortraitForm)
    monkeypatch.setattr(
        RegisterView, "save_more", lambda view, user, form: seen.append(form["portrait"].data)
    )

    page = client.get(URL).content.decode()
    fill(client, portrait=SimpleUploadedFile("frida.png", b"paint"))

    assert '<form method="post" novalidate enctype="multipart/form-data">' in page
    assert [portrait.name for portrait in seen] == ["frida.png"]


def test_the_page_of_a_closed_registration_says_so(client, settings):
    settings.USERACCOUNTS = {**settings.USERACCOUNTS, "POLICY": f"{__name__}.ClosedPolicy"}

    assert client.get(URL).status_code == 403
    assert fill(client).status_code == 403
    assert not User.objects.exists()
    assert reverse("useraccounts:register") not in client.get("/accounts/login/").content.decode()


def test_who_is_logged_in_does_not_register_again(client):
    client.force_login(make_user())

    assert client.get(URL + "?next=/members/")["Location"] == "/members/"


@pytest.mark.asvs("2.4.1")
def test_too_many_registrations_are_told_how_long_to_wait(client):
    for number in range(5):
        fill(client, username=f"frida{number}")

    response = fill(client, username="frida6")

    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 3600
    assert "Too many attempts. Please try again in 60 minutes." in errors_of(response)["__all__"]


def test_a_project_validates_and_gets_the_sentences_of_a_flow_as_validation_errors():
    assert issubclass(UsernameTaken, ValidationError)
    assert UsernameTaken().messages == ["This username is taken. Please choose another one."]
