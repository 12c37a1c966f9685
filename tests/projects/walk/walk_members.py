"""A user with more columns: filled when the member registers, and edited in the profile."""

from datetime import date

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse

from django_useraccounts.models import AccountEvent
from django_useraccounts.registration.flows import register
from django_useraccounts.testing import PASSWORD

pytestmark = pytest.mark.django_db


def test_a_field_called_like_a_column_is_stored_there(frida):
    frida.registers()

    member = get_user_model().objects.get()
    assert member.birthday == date(1907, 7, 6)
    assert member.motto == ""


def test_a_value_that_the_field_does_not_take_is_told_beside_it(frida):
    response = frida.fill("register", **{**frida.answers(), "birthday": "in July"})

    assert response.context["form"].errors == {"birthday": ["Enter a valid date."]}
    assert 'value="frida"' in frida.seen[-1]
    assert not get_user_model().objects.exists()


def test_nobody_registers_into_columns_that_the_form_does_not_ask_for(frida):
    smuggled = {"is_superuser": "on", "is_staff": "on", "motto": "I am the boss", "email_key": "x"}

    frida.post(reverse("useraccounts:register"), {**frida.answers(), **smuggled})

    member = get_user_model().objects.get()
    assert not member.is_superuser and not member.is_staff
    assert member.motto == ""


def test_she_edits_the_columns_that_the_model_names(frida):
    frida.arrives()
    form = frida.get(reverse("useraccounts:edit_profile")).context["form"]
    assert list(form.fields) == ["first_name", "last_name", "birthday", "motto"]
    assert form["birthday"].value() == date(1907, 7, 6)

    frida.fill("edit_profile", first_name="", last_name="", birthday="", motto="Viva la vida")

    member = get_user_model().objects.get()
    assert (member.birthday, member.motto) == (None, "Viva la vida")
    event = AccountEvent.objects.get(kind="profile_edited")
    assert event.details == {"fields": ["birthday", "motto"]}


def test_code_registers_with_columns_too():
    made = register(
        "frida", email="frida@example.com", password=PASSWORD, fields={"motto": "Viva la vida"}
    )

    assert get_user_model().objects.get(motto="Viva la vida") == made.user
