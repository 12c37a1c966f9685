"""Mails are the choir's, in one part or in all, and so is who sends them."""

import pytest
from choir import settings as choir
from choir.postman import carried
from django.core import mail

from django_useraccounts.emails.flows import add_email, make_primary, remove_email
from django_useraccounts.testing import html_of, link_in, log_in, mails_to, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def confirmation(register):
    return register()[0]


@pytest.fixture
def reset(post):
    make_user("maria", first_name="Maria")
    post("forgot_password", email="maria@example.com")
    return mails_to("maria@example.com")[0]


@pytest.fixture
def welcome(client, confirmation, django_capture_on_commit_callbacks):
    path = client.get(link_in(confirmation))["Location"]
    with django_capture_on_commit_callbacks(execute=True):
        client.post(path, {"answer": "confirm"})
    return mails_to("frida@example.com")[-1]


def test_a_subject_alone_is_replaced(confirmation):
    assert confirmation.subject == "Is this your letter box?"
    assert "Please confirm that the address is yours:" in confirmation.body
    assert "Please confirm that the address is yours:" in html_of(confirmation)


def test_a_text_alone_is_replaced(reset):
    assert reset.subject == "A new password for The Harbour Choir"  # a translation of the choir's
    assert reset.body.startswith("Dear Maria, you lost the way in. Here it is again:\n\nhttp://")
    assert "Choose the new password here:" in html_of(reset)
    assert "lost the way" not in html_of(reset)


def test_a_replaced_text_carries_a_link_that_works(client, reset):
    assert client.get(link_in(reset), follow=True).status_code == 200
    assert link_in(reset) in html_of(reset)


def test_an_html_alone_is_replaced_with_a_column_and_a_tag_of_the_choir(welcome):
    assert welcome.subject == "Welcome to The Harbour Choir"
    assert "You can log in whenever you like:" in welcome.body
    assert "<p>Dear frida, your Alto is missed.</p>" in html_of(welcome)
    assert "<p>Come on Thursday at seven.</p>" in html_of(welcome)
    assert "You can log in" not in html_of(welcome)


def test_every_mail_stands_in_the_base_of_the_choir(confirmation, reset, welcome):
    for message in (confirmation, reset, welcome):
        assert message.body.endswith("\nThe Harbour Choir, Pier 4\n")
        assert "<p>The Harbour Choir, Pier 4</p>" in html_of(message)
        assert "#f6f2eb" not in html_of(message)


def test_a_mail_comes_from_the_choir(confirmation):
    assert confirmation.from_email == "The Harbour Choir <letters@choir.example>"


def test_the_postman_of_the_choir_carries_every_mail(register, settings):
    # Tests keep mails to themselves: what the project has set is put back.
    if hasattr(mail, "mailers"):
        settings.MAILERS = choir.MAILERS
    else:
        settings.EMAIL_BACKEND = choir.EMAIL_BACKEND
    carried.clear()

    register()

    assert [message.to for message in carried] == [["frida@example.com"]]
    assert mail.outbox == []


def test_a_room_of_the_choir_sends_a_mail_of_its_own_kind(client, post):
    user = make_user("maria", roles=["keeper"])
    user.keys.create(door="Attic")
    log_in(client, user)

    post("return_key", door="Attic")

    (message,) = mails_to("maria@example.com")
    assert message.subject == "You gave a key back"
    assert message.body.startswith("Thank you, maria: one key less in your pocket.")
    assert "The Harbour Choir, Pier 4" in html_of(message)


def test_a_kind_has_a_sender_of_its_own_and_the_others_have_not(django_capture_on_commit_callbacks):
    maria = make_user("maria")
    second = add_email(maria, "second@example.com", confirmed=True)
    with django_capture_on_commit_callbacks(execute=True):
        make_primary(second)
        remove_email(second)

    senders = {mail.from_email for mail in mails_to("maria@example.com")}
    assert senders == {choir.DEFAULT_FROM_EMAIL, "The Keeper <keeper@choir.example>"}
