"""What is taken for a new password where people register, with the validators of the documentation."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.urls import reverse

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
