"""Register: what is refused and with which sentence, what is typed twice, and what is stored."""

import re

import pytest
from django import forms
from django.core import mail
from django.urls import include, path

from django_useraccounts.models import User, UserEmail
from django_useraccounts.registration.forms import RegisterForm
from django_useraccounts.registration.views import RegisterView
from django_useraccounts.testing import PASSWORD, mails_to, make_user

pytestmark = pytest.mark.django_db

FRIDA = {"username": "frida", "email": "frida@example.com", "password": PASSWORD}
REQUIRED = "This field is required."
SIGNS = "Please use only the letters a to z, digits, and the signs . _ - in a username."
TAKEN = "This username is taken. Please choose another one."
NO_EMAIL = "Enter an e-mail address like name@example.com."
UNEQUAL = "This is not the same as above. Please enter it again."


class GuildForm(RegisterForm):
    first_name = forms.CharField()
    motto = forms.CharField(required=False)


class GuildView(RegisterView):
    form_class = GuildForm

    def save_more(self, user, form):
        user.last_name = form.cleaned_data["motto"]
        user.save()


urlpatterns = [
    path("accounts/register/", GuildView.as_view()),
    path("accounts/", include("django_useraccounts.urls")),
]


def errors_of(response):
    return {name: list(texts) for name, texts in response.context["form"].errors.items()}


@pytest.mark.parametrize(
    "field, typed, sentence",
    [
        ("username", "", REQUIRED),
        ("username", "fr", "A username has at least 3 characters."),
        ("username", "f" * 65, "A username has at most 64 characters."),
        ("username", "fri da", SIGNS),
        ("username", "fri\tda", SIGNS),
        *[("username", f"fri{sign}da", SIGNS) for sign in "!\"#$%&'()*+,/:;<=>?@[\\]^`{|}~ä"],
        ("username", "frida_", "A username starts and ends with a letter or a digit."),
        ("username", "maria", TAKEN),
        ("username", "MARIA", TAKEN),
        ("username", " mARIA ", TAKEN),
        ("email", "", REQUIRED),
        ("email", "frida", NO_EMAIL),
        ("email", "frida@example", NO_EMAIL),
        ("email", "fri da@example.com", NO_EMAIL),
        ("password", "", REQUIRED),
        ("password", "Xy7-k", "This password is too short. It must contain at least 8 characters."),
        ("password", "iloveyou", "This password is too common."),
        ("password", "7142536475", "This password is entirely numeric."),
        ("password", "frida@example", "The password is too similar to the e-mail address."),
    ],
)
def test_what_is_refused_has_its_sentence_and_makes_nothing(browser, field, typed, sentence):
    make_user("Maria")

    response = browser.register(**{**FRIDA, field: typed})

    assert response.status_code == 200
    assert errors_of(response) == {field: [sentence]}
    assert User.objects.get().username == "Maria"
    assert not mail.outbox


def test_what_is_right_makes_an_account_and_mails_its_link(browser):
    response = browser.register(**FRIDA)

    assert response["Location"] == "/accounts/mail-sent/"
    assert User.objects.get().check_password(PASSWORD)
    assert len(mails_to("frida@example.com")) == 1


@pytest.mark.parametrize("typed", ["maria@example.com", "MARIA@Example.COM", " Maria@example.com "])
def test_the_address_of_somebody_else_looks_free_and_its_owner_is_told(new_browser, typed):
    make_user("maria")

    def seen(email):
        browser = new_browser()
        sent = browser.register(
            **{**FRIDA, "username": f"user{User.objects.count()}", "email": email}
        )
        page = browser.get(sent["Location"]).content.decode()
        told = re.escape(email.strip())
        return sent.status_code, sent["Location"], re.sub(told, "…", page, flags=re.IGNORECASE)

    assert seen(typed) == seen("free@example.com")
    (told,) = mails_to("maria@example.com")
    assert "already" in told.body
    assert UserEmail.objects.confirmed().get().user.username == "maria"


# Typed twice, where a site asks for it


@pytest.mark.parametrize("field", ["email", "password"])
@pytest.mark.parametrize(
    "again, sentence", [("{}x", UNEQUAL), ("", REQUIRED), (None, REQUIRED), ("{}", None)]
)
def test_what_is_typed_twice_has_to_be_equal(browser, set_conf, field, again, sentence):
    set_conf(RETYPE=(field,))
    retyped = {} if again is None else {f"retype_{field}": again.format(FRIDA[field])}

    response = browser.register(**FRIDA, **retyped)

    if sentence:
        assert errors_of(response) == {f"retype_{field}": [sentence]}
    assert User.objects.exists() is (sentence is None)


# More than an account needs


@pytest.mark.urls(__name__)
def test_more_fields_are_stored_by_their_names_or_as_the_view_says(browser):
    more = {"first_name": "Frida", "motto": "Viva la vida", "is_staff": "on"}

    response = browser.register(**FRIDA, **more)

    user = User.objects.get()
    assert response.status_code == 302
    assert (user.first_name, user.last_name, user.is_staff) == ("Frida", "Viva la vida", False)
