"""E. Addresses: what was removed stays unknown, and one mailbox has one key."""

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.db import IntegrityError, transaction

from django_useraccounts.canonical import clean_email, email_key
from django_useraccounts.emails.flows import remove_email
from django_useraccounts.models import UserEmail
from django_useraccounts.testing import make_user
from tests.attacks.browsers import PASSWORD, VICTIM, last_mail, link_in

pytestmark = pytest.mark.django_db

User = get_user_model()


def test_E11_an_address_that_was_removed_logs_in_resets_and_confirms_nothing(browser, new_browser):
    user = make_user("victoria", VICTIM)
    old = UserEmail.objects.add_proved(user, "old@example.com")
    browser.forgot("old@example.com")
    reset = link_in(last_mail("old@example.com"))
    assert new_browser().log_in("old@example.com").status_code == 302
    remove_email(old)

    late = new_browser()
    late.log_in("old@example.com")
    assert late.user_id is None
    assert late.reset(reset).status_code == 404
    late.forgot("old@example.com")
    assert last_mail("old@example.com").subject.startswith("No account")
    late.resend("old@example.com")
    assert last_mail("old@example.com").subject.startswith("No account")
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_E11_what_was_removed_can_be_registered_by_its_owner(browser):
    user = make_user("victoria", VICTIM)
    UserEmail.objects.add_proved(user, "new@example.com")
    remove_email(user.emails.get(email=VICTIM))

    browser.register("valentina", VICTIM, PASSWORD)
    browser.confirm(last_mail())

    owned = UserEmail.objects.confirmed().addressed(VICTIM).get()
    assert owned.user.username == "valentina"


@pytest.mark.parametrize(
    "one, other",
    [
        ("a@exämple.com", "a@xn--exmple-cua.com"),
        ("a@exa。mple.com", "a@exa.mple.com"),
        ("a@exa．mple.com", "a@exa.mple.com"),
        ("a@exa｡mple.com", "a@exa.mple.com"),
        ("a@EXÄMPLE.com", "a@exämple.com"),
        ("a@exa\u0308mple.com", "a@exämple.com"),
        ("A@example.com", "a@example.com"),
        ("a@xn--EXMPLE-cua.com", "a@exämple.com"),
        ("a@examp\u00adle.com", "a@example.com"),
    ],
)
def test_E13_spellings_of_one_mailbox_have_one_key_and_one_owner(one, other):
    assert clean_email(one).key == clean_email(other).key
    assert clean_email(one).text.isascii()
    make_user("first", one)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_user("second", other)


@pytest.mark.parametrize(
    "one, other",
    [
        ("a@faß.de", "a@fass.de"),
        ("a+x@example.com", "a@example.com"),
        ("a.b@example.com", "ab@example.com"),
        ("a@exämple.com", "a@example.com"),
        ("a@раypal.com", "a@paypal.com"),
        ("a@σς.com", "a@σσ.com"),
    ],
)
def test_E13_mailboxes_that_may_differ_have_keys_that_differ(one, other):
    assert clean_email(one).key != clean_email(other).key


@pytest.mark.asvs("1.3.11", "2.2.1")
@pytest.mark.parametrize(
    "bad",
    [
        "a@example..com",
        "a@.example.com",
        "a@example.com..",
        "a@xn--ä.com",
        "a@-example.com",
        "a@exam_ple.com",
        "a@[127.0.0.1]",
        "a@[IPv6:::1]",
        "a@127.0.0.1",
        "a@example",
        "a@" + "x" * 64 + ".com",
        "a@\u202eexample.com",
        "a@ex\u200bample.com\u0000",
        '"a b"@example.com',
        "a b@example.com",
        ".a@example.com",
        "a.@example.com",
        "a..b@example.com",
        "<a@example.com>",
        "Victim <a@example.com>",
        "a@example.com\nBcc: b@example.com",
        "a@example.com,b@example.com",
        "a%b@c@example.com",
        "mailto:a@example.com?cc=b@example.com",
    ],
)
def test_E13_what_is_no_single_mailbox_is_refused_and_has_no_key(browser, bad):
    response = browser.register("mallory", bad)

    assert response.status_code == 200
    assert b'id="id_email_error"' in response.content
    assert not User.objects.exists()
    assert email_key(bad) == ""
    assert browser.forgot(bad).status_code == 200
    assert browser.resend(bad).status_code == 200
    assert not mail.outbox
