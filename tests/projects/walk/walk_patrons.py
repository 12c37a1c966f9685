"""A user without username, with a column of the project's own."""

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.urls import reverse

from django_useraccounts.testing import make_user

pytestmark = pytest.mark.django_db


def test_the_table_has_no_column_for_usernames():
    with connection.cursor() as cursor:
        table = get_user_model()._meta.db_table
        columns = {c.name for c in connection.introspection.get_table_description(cursor, table)}

    assert {"email", "salutation"} <= columns
    assert not any("username" in column for column in columns)


def test_she_edits_the_column(frida):
    frida.arrives()

    frida.fill("edit_profile", salutation="Señora", first_name="", last_name="")

    patron = get_user_model().objects.get()
    assert patron.salutation == "Señora"
    page = frida.get(reverse("useraccounts:edit_profile"))
    assert 'value="Señora"' in page.content.decode()


def test_patrons_who_have_yet_to_confirm_do_not_collide():
    one = make_user("frida", confirmed=False)
    other = make_user("diego", confirmed=False)

    for patron in (one, other):
        patron.refresh_from_db()
        assert patron.email == ""
    assert get_user_model().objects.count() == 2
