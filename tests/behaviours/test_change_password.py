"""Change the own password: what is refused, what changes, and whose sessions go on."""

import pytest
from django.core import mail

from django_useraccounts.models import User
from django_useraccounts.testing import PASSWORD, mails_to, make_user
from tests.attacks.browsers import NEW_PASSWORD, url

pytestmark = pytest.mark.django_db

REQUIRED = ["This field is required."]
WRONG = ["This is not your current password."]
COMMON = ["This password is too common."]
SIMILAR = ["The password is too similar to the e-mail address."]
UNEQUAL = ["This is not the same as above. Please enter it again."]


@pytest.fixture
def maria():
    return make_user("maria")


def test_the_hash_changes_other_sessions_end_and_this_one_stays(browser, new_browser, maria):
    at_work, of_frida = new_browser(), new_browser()
    frida = make_user("frida")
    for who, username in ((browser, "maria"), (at_work, "maria"), (of_frida, "frida")):
        who.log_in(username)

    response = browser.change_password()

    after = User.objects.get(pk=maria.pk)
    assert response["Location"] == "/accounts/profile/"
    assert after.password != maria.password
    assert (browser.user_id, at_work.user_id) == (str(maria.pk), None)
    assert of_frida.user_id == str(frida.pk)
    assert at_work.log_in("maria", PASSWORD).status_code == 200
    assert at_work.log_in("maria", NEW_PASSWORD).status_code == 302
    assert len(mails_to("maria@example.com")) == 1


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
