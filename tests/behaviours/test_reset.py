"""Reset a forgotten password: by a link that is right, and by none that is not."""

import pytest
from django.core import mail

from django_useraccounts.models import User, UserEmail
from django_useraccounts.secrets import RESET_PASSWORD
from django_useraccounts.testing import PASSWORD, mails_to, make_user
from tests.attacks.browsers import NEW_PASSWORD, page_of
from tests.behaviours.links import SPOILT, good_link, spoilt_link

pytestmark = pytest.mark.django_db


@pytest.fixture
def maria():
    return make_user("maria")


@pytest.fixture
def frida():
    return make_user("frida")


def hashes():
    return dict(User.objects.values_list("username", "password"))


def address_of(user):
    return UserEmail.objects.get(user=user)


def test_the_mailed_link_changes_the_hash_of_its_user_alone(browser, maria, frida):
    before = hashes()
    browser.forgot("MARIA@example.com")

    response = browser.reset(mails_to("maria@example.com")[0])

    after = hashes()
    assert response["Location"] == "/accounts/login/"
    assert after["maria"] != before["maria"]
    assert after["frida"] == before["frida"]
    assert User.objects.get(username="maria").check_password(NEW_PASSWORD)
    assert browser.log_in("maria", PASSWORD).status_code == 200
    assert browser.log_in("maria", NEW_PASSWORD).status_code == 302


def test_every_session_of_the_user_ends_and_none_of_whoever_opens_the_link(
    new_browser, maria, frida
):
    at_home, at_work, of_frida = new_browser(), new_browser(), new_browser()
    at_home.log_in("maria")
    at_work.log_in("maria")
    of_frida.log_in("frida")
    before = hashes()

    of_frida.reset(good_link(RESET_PASSWORD, address_of(maria)))

    assert (at_home.user_id, at_work.user_id) == (None, None)
    assert of_frida.user_id == str(frida.pk)
    assert hashes()["frida"] == before["frida"]


@pytest.mark.parametrize("how, status, reason", SPOILT)
def test_a_spoilt_link_says_why_offers_a_new_one_and_does_nothing(
    browser, maria, frida, how, status, reason
):
    before = hashes()
    link = spoilt_link(how, RESET_PASSWORD, address_of(maria), address_of(frida))

    shown = browser.open(link)
    posted = browser.post(page_of(shown), {"new_password": NEW_PASSWORD})

    for response in (shown, posted):
        assert (response.status_code, response.context["reason"]) == (status, reason)
        assert 'href="/accounts/forgot-password/"' in response.content.decode()
    assert hashes() == before
    assert not mail.outbox


@pytest.mark.parametrize(
    "new, again, errors",
    [
        ("", NEW_PASSWORD, {"new_password": ["This field is required."]}),
        ("iloveyou", "iloveyou", {"new_password": ["This password is too common."]}),
        (
            NEW_PASSWORD,
            NEW_PASSWORD.upper(),
            {"retype_password": ["This is not the same as above. Please enter it again."]},
        ),
    ],
)
def test_a_weak_or_unequal_password_is_refused_and_the_link_still_works(
    browser, set_conf, maria, new, again, errors
):
    set_conf(RETYPE=["password"])
    page = page_of(browser.open(good_link(RESET_PASSWORD, address_of(maria))))

    refused = browser.post(page, {"new_password": new, "retype_password": again})

    assert refused.context["form"].errors == errors
    assert User.objects.get().check_password(PASSWORD)
    good = {"new_password": NEW_PASSWORD, "retype_password": NEW_PASSWORD}
    assert browser.post(page, good)["Location"] == "/accounts/login/"
