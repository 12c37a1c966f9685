"""What a register page asks besides goes into another table, with the account or not at all."""

import pytest
from django.contrib.auth import get_user_model
from django.db import DatabaseError

from django_useraccounts.models import AccountEvent, OneTimeSecret, OutgoingMail, UserEmail
from tests.projects.readers.models import Profile
from tests.projects.readers.views import ReaderRegisterView

pytestmark = pytest.mark.django_db

ALL = (get_user_model(), Profile, UserEmail, OneTimeSecret, OutgoingMail, AccountEvent)

DIEGO = {"username": "diego", "email": "diego@example.com"}


def registers_with_her_card(diego):
    answers = {**diego.answers(**DIEGO), "card_number": "card of frida"}
    return diego.fill("register", **answers)


def counts():
    return {model.__name__: model.objects.count() for model in ALL}


def test_the_profile_is_written_with_the_account(frida):
    frida.registers()

    profile = Profile.objects.get()
    assert profile.user == get_user_model().objects.get()
    assert (profile.town, profile.card_number) == ("Coyoacán", "card of frida")


def test_what_the_table_refuses_is_told_beside_its_field_and_leaves_nothing(frida, somebody_else):
    frida.registers()
    before = counts()

    response = registers_with_her_card(somebody_else)

    assert response.context["form"].errors == {
        "card_number": ["Somebody has registered with this card."]
    }
    assert counts() == before
    assert 'value="diego@example.com"' in somebody_else.seen[-1]


def test_the_names_of_who_was_refused_are_still_free(frida, somebody_else):
    frida.registers()
    registers_with_her_card(somebody_else)

    response = somebody_else.registers(**DIEGO)

    assert response.redirect_chain == [("/accounts/mail-sent/", 302)]
    assert Profile.objects.get(card_number="card of diego").user.username == "diego"


def test_an_error_in_the_middle_rolls_the_account_back(frida, monkeypatch):
    def break_down(self, user, form):
        Profile.objects.create(user=user, town="Coyoacán", card_number="card of frida")
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(ReaderRegisterView, "save_more", break_down)

    with pytest.raises(DatabaseError):
        frida.registers()

    assert set(counts().values()) == {0}


def test_a_second_click_writes_no_second_profile(frida):
    frida.registers()
    frida.registers()

    assert Profile.objects.count() == get_user_model().objects.count() == 1
