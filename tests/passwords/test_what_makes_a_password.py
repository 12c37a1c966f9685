"""What is taken for a new password where people register, with the validators of the documentation."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.urls import reverse
from django.utils import timezone

from django_useraccounts.login.forms import ConfirmIdentityForm, LoginForm
from django_useraccounts.models import AccountEvent, OutgoingMail, UserEmail
from django_useraccounts.passwords.forms import ForgotPasswordForm, ResetPasswordForm
from django_useraccounts.social.forms import ConnectAccountForm
from django_useraccounts.testing import PASSWORD, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

VALIDATORS = ("UserAttributeSimilarity", "MinimumLength", "CommonPassword")


@pytest.fixture
def register(client, settings):
    settings.AUTH_PASSWORD_VALIDATORS = [
        {"NAME": f"django.contrib.auth.password_validation.{name}Validator"} for name in VALIDATORS
    ]

    def try_it(password):
        data = {"username": "nova", "email": "nova@example.com", "password": password}
        client.post(reverse("useraccounts:register"), data)
        return get_user_model().objects.filter(username="nova").exists()

    return try_it


@pytest.mark.asvs("6.2.1")
def test_seven_characters_are_too_few_and_eight_are_enough(register):
    assert not register("x7$Qz!k")
    assert register("x7$Qz!kp")


@pytest.mark.asvs("6.2.4")
@pytest.mark.parametrize("password", ["password", "iloveyou", "football1", "Trustno1"])
def test_what_everybody_tries_first_is_refused(register, password):
    assert not register(password)


@pytest.mark.asvs("6.2.4")
def test_more_than_3000_of_those_are_long_enough_to_be_tried():
    known = CommonPasswordValidator().passwords

    assert sum(len(password) >= 8 for password in known) > 3000


@pytest.mark.asvs("6.2.5")
@pytest.mark.parametrize(
    "password",
    [
        "only small letters",
        "ONLYCAPITALS",
        "7483920174839",
        "!§$%&/()=?",
        "жук в лесу",
        "🦄🐙🦊🐝🐢🐬🦜🦥",
    ],
    ids=["small", "capitals", "digits", "signs", "cyrillic", "pictures"],
)
def test_a_password_may_be_of_any_letters(register, password):
    assert register(password)


@pytest.mark.asvs("6.2.9")
@pytest.mark.parametrize("length", [64, 1000])
def test_a_password_may_be_long(register, length):
    assert register("ab c" * (length // 4))


# What it is never asked for, and how long it is good


@pytest.mark.asvs("6.4.2")
@pytest.mark.parametrize(
    "form, fields",
    [
        (LoginForm, {"identifier", "password", "remember"}),
        (ConfirmIdentityForm, {"old_password"}),
        (ForgotPasswordForm, {"email"}),
        (ResetPasswordForm, {"new_password"}),
        (ConnectAccountForm, {"identifier", "password", "remember", "identity"}),
    ],
)
def test_nobody_gets_in_by_an_answer_that_others_could_know(form, fields):
    assert set(form.base_fields) == fields


@pytest.mark.asvs("6.4.2")
def test_no_hint_is_kept_beside_a_password():
    columns = {field.name for field in get_user_model()._meta.get_fields()}

    assert not {name for name in columns if re.search("hint|question|answer|remind", name)}


@pytest.mark.asvs("6.2.10")
def test_a_password_is_good_for_as_long_as_its_owner_likes(client):
    user = make_user("frida")
    years_ago = timezone.now() - timedelta(days=3650)
    get_user_model().objects.filter(pk=user.pk).update(date_joined=years_ago, last_login=years_ago)
    AccountEvent.objects.update(at=years_ago)
    UserEmail.objects.update(confirmed_at=years_ago)

    data = {"identifier": "frida", "password": PASSWORD}
    response = client.post(reverse("useraccounts:login"), data, follow=True)

    assert response.status_code == 200
    assert response.request["PATH_INFO"] == reverse("useraccounts:profile")
    assert not OutgoingMail.objects.exists()
