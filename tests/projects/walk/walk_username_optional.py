"""Where a username is for those who want one: the way of somebody who does not, until later."""

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse

from .visitor import FRIDA

pytestmark = pytest.mark.django_db


def test_the_page_says_that_a_username_is_optional(frida):
    page = frida.get(reverse("useraccounts:register")).content.decode()

    label = page.partition('for="id_username">')[2].partition("</label>")[0]
    assert label.startswith("Username") and "(optional)" in label


def test_who_wants_none_is_called_by_the_address_and_may_take_one_later(frida):
    frida.registers(username="")
    frida.confirms()
    frida.logs_out()
    frida.logs_in(FRIDA["email"])
    assert frida.is_logged_in
    assert str(get_user_model().objects.get()) == FRIDA["email"]
    assert "Username" not in frida.get(reverse("useraccounts:profile")).content.decode()

    frida.fill("change_username", username="kahlo")

    frida.logs_out()
    frida.logs_in("kahlo")
    assert frida.is_logged_in


def test_nobody_has_to_keep_track_of_who_has_none(frida, somebody_else):
    frida.registers(username="")
    somebody_else.registers(username="", email="diego@example.com")

    assert get_user_model().objects.filter(username=None, username_key=None).count() == 2
