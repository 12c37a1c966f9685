"""Confirm an address: by a link that is right, and by none that is not."""

import pytest
from django.core import mail

from django_useraccounts.models import UserEmail
from django_useraccounts.secrets import CONFIRM_EMAIL
from django_useraccounts.testing import make_user
from tests.attacks.browsers import page_of
from tests.behaviours.links import SPOILT, good_link, spoilt_link

pytestmark = pytest.mark.django_db


def claim(username):
    user = make_user(username, confirmed=False)
    return UserEmail.objects.claims().get(user=user)


def test_the_right_link_makes_the_address_the_users_own_and_welcomes(browser):
    address = claim("maria")

    response = browser.confirm(good_link(CONFIRM_EMAIL, address))

    user = type(address.user).objects.get()
    assert response["Location"] == "/accounts/login/"
    assert (user.email, user.has_confirmed_email) == ("maria@example.com", True)
    assert [message.to for message in mail.outbox] == [["maria@example.com"]]
    assert browser.log_in("maria@example.com")["Location"] == "/accounts/profile/"


@pytest.mark.parametrize("how, status, reason", SPOILT)
@pytest.mark.parametrize("answer", ["confirm", "not_me"])
def test_a_spoilt_link_says_why_offers_a_new_one_and_does_nothing(
    browser, how, status, reason, answer
):
    address, other = claim("maria"), claim("frida")
    link = spoilt_link(how, CONFIRM_EMAIL, address, other)

    shown = browser.open(link)
    posted = browser.post(page_of(shown), {"answer": answer})

    for response in (shown, posted):
        assert (response.status_code, response.context["reason"]) == (status, reason)
        assert 'href="/accounts/resend-confirmation/"' in response.content.decode()
    assert UserEmail.objects.claims().count() == 2
    assert not mail.outbox
