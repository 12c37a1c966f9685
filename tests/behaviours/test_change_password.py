"""Change the own password: what is refused, what changes, and whose sessions go on."""

import pytest
from django.core import mail

from django_useraccounts.models import User, UserEmail
from django_useraccounts.secrets import RESET_PASSWORD
from django_useraccounts.testing import PASSWORD, mails_to, make_user
from tests.attacks.browsers import NEW_PASSWORD, url
from tests.behaviours.links import good_link

pytestmark = pytest.mark.django_db

REQUIRED = ["This field is required."]
WRONG = ["This is not your current password."]
COMMON = ["This password is too common."]
SIMILAR = ["The password is too similar to the e-mail address."]
UNEQUAL = ["This is not the same as above."]


@pytest.fixture
def maria():
    return make_user("maria")


def test_the_hash_changes_and_the_new_password_logs_in(browser, new_browser, maria):
    before = maria.password
    browser.log_in("maria")

    response = browser.change_password()

    maria.refresh_from_db()
    assert response["Location"] == "/accounts/profile/"
    assert maria.password != before
    assert new_browser().log_in("maria", PASSWORD).status_code == 200
    assert new_browser().log_in("maria", NEW_PASSWORD).status_code == 302
    assert len(mails_to("maria@example.com")) == 1


def test_other_sessions_end_and_this_one_stays(browser, new_browser, maria):
    at_work, of_frida = new_browser(), new_browser()
    frida = make_user("frida")
    for who, username in ((browser, "maria"), (at_work, "maria"), (of_frida, "frida")):
        who.log_in(username)

    browser.change_password()

    assert browser.user_id == str(maria.pk)
    assert at_work.user_id is None
    assert of_frida.user_id == str(frida.pk)


def test_reset_links_that_are_on_their_way_end(browser, new_browser, maria):
    link = good_link(RESET_PASSWORD, UserEmail.objects.get())
    browser.log_in("maria")

    browser.change_password()

    assert new_browser().open(link).context["reason"] == "used"


@pytest.mark.parametrize(
    "old, new, again, errors",
    [
        ("wrong", NEW_PASSWORD, NEW_PASSWORD, {"old_password": WRONG}),
        (PASSWORD.upper(), NEW_PASSWORD, NEW_PASSWORD, {"old_password": WRONG}),
        ("", NEW_PASSWORD, NEW_PASSWORD, {"old_password": REQUIRED}),
        (PASSWORD, "", NEW_PASSWORD, {"new_password": REQUIRED}),
        (PASSWORD, "iloveyou", "iloveyou", {"new_password": COMMON}),
        (PASSWORD, "maria@example", "maria@example", {"new_password": SIMILAR}),
        (PASSWORD, NEW_PASSWORD, NEW_PASSWORD.upper(), {"retype_password": UNEQUAL}),
    ],
)
def test_what_is_refused_has_its_sentence_and_changes_nothing(
    browser, new_browser, set_conf, maria, old, new, again, errors
):
    set_conf(RETYPE=["password"])
    elsewhere = new_browser()
    browser.log_in("maria")
    elsewhere.log_in("maria")

    typed = {"old_password": old, "new_password": new, "retype_password": again}
    response = browser.post(url("change_password"), typed)

    assert response.context["form"].errors == errors
    assert User.objects.get().check_password(PASSWORD)
    assert elsewhere.user_id == str(maria.pk)
    assert not mail.outbox


def test_a_stranger_is_sent_to_log_in(browser, maria):
    response = browser.change_password()

    assert response["Location"] == "/accounts/login/?next=/accounts/change-password/"
