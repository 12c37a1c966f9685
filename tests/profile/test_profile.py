"""The page of the own account."""

import pytest

from django_useraccounts.testing import log_in, make_user

pytestmark = pytest.mark.django_db


def test_the_page_shows_names_addresses_and_roles(client):
    user = make_user("maria", "maria@exämple.com", roles=["artist"])

    page = log_in(client, user).get("/accounts/profile/").content.decode()

    for text in ("maria", "maria@exämple.com", "artist", "/accounts/change-password/"):
        assert text in page


def test_who_is_not_confirmed_sees_how_to_become_so(client):
    user = make_user("maria", confirmed=False)

    page = log_in(client, user).get("/accounts/profile/").content.decode()

    assert "/accounts/resend-confirmation/" in page
