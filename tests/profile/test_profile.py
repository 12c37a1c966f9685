"""The page of the own account."""

import pytest
from django.urls import reverse

from django_useraccounts.models import UserEmail
from django_useraccounts.testing import log_in, make_user
from django_useraccounts.undeliverable import report_undeliverable

pytestmark = pytest.mark.django_db


def test_the_page_shows_names_addresses_and_roles(client):
    user = make_user("maria", "maria@exämple.com", roles=["artist"])

    page = log_in(client, user).get("/accounts/profile/").content.decode()

    for text in ("maria", "maria@exämple.com", "artist", "/accounts/change-password/"):
        assert text in page


def test_who_is_not_confirmed_sees_how_to_become_so(client):
    user = make_user("maria", confirmed=False)

    page = log_in(client, user).get("/accounts/profile/").content.decode()

    assert f"/accounts/send-confirmation/{user.emails.get().pk}/" in page


def test_an_address_that_waits_leads_to_its_own_page_and_a_dead_one_says_so(client):
    frida = make_user("frida")
    claim = UserEmail.objects.add_claim(frida, "second@example.com")
    report_undeliverable("frida@example.com", state="bounced")
    log_in(client, frida)

    html = client.get(reverse("useraccounts:profile")).content.decode()

    assert reverse("useraccounts:send_confirmation", args=[claim.pk]) in html
    assert html.count("undeliverable") == 1
