"""The pages of the own addresses: what a person sees, does, and is refused."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from django_useraccounts.emails.flows import add_email
from django_useraccounts.errors import TooManyEmails
from django_useraccounts.models import OutgoingMail, UserEmail
from django_useraccounts.testing import (
    PASSWORD,
    lifted_limits,
    link_in,
    mails_to,
    make_user,
)

pytestmark = pytest.mark.django_db


def page(name, *args):
    return reverse(f"useraccounts:{name}", args=args)


@pytest.fixture
def maria():
    return make_user("maria")


@pytest.fixture
def browser(maria):
    """A browser in which maria has just given her password."""
    client = Client()
    client.post(page("login"), {"identifier": "maria", "password": PASSWORD})
    OutgoingMail.objects.all().delete()
    return client


@pytest.fixture
def sent(django_capture_on_commit_callbacks):
    """Send what is announced in a block."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def second(maria, email="second@example.com"):
    address = add_email(maria, email, confirmed=True)
    OutgoingMail.objects.all().delete()
    return address


def confirm(client, email):
    mail = mails_to(email)[-1]
    path = client.get(link_in(mail))["Location"]
    return client.post(path, {"answer": "confirm"})


def test_the_page_shows_each_address_and_its_state(browser, maria):
    second(maria)
    UserEmail.objects.add_claim(maria, "third@example.com")

    text = browser.get(page("emails")).content.decode()

    for word in ("maria@example.com", "second@example.com", "third@example.com", "primary"):
        assert word in text
    assert "waiting for confirmation" in text


@pytest.mark.parametrize("login_by", ["username_or_email", "email", "username"])
def test_the_page_says_what_an_address_is_good_for(browser, maria, set_conf, login_by):
    set_conf(LOGIN_BY=login_by)
    second(maria)

    text = browser.get(page("emails")).content.decode()

    assert ("can be used to log in" in text) is (login_by != "username")
    assert "to get a new password." in text


def test_the_page_costs_three_queries_for_any_number_of_addresses(browser, maria):
    with lifted_limits():
        for number in range(30):
            UserEmail.objects.add_claim(maria, f"a{number}@example.com")

    with CaptureQueriesContext(
        connection,
    ) as queries:
        browser.get(page("emails"))

    assert len(queries) == 3


def test_adding_an_address_costs_six_queries_beside_session_user_and_limit(browser, settings):
    settings.USERACCOUNTS = {**settings.USERACCOUNTS, "MAIL_DELIVERY": "command"}

    with CaptureQueriesContext(connection) as queries:
        browser.post(page("add_email"), {"email": "second@example.com"})

    statements = [q["sql"] for q in queries if "SAVEPOINT" not in q["sql"]]
    assert len(statements) == 9, statements


def test_an_address_is_added_confirmed_and_made_primary(browser, maria, sent):
    with sent():
        response = browser.post(page("add_email"), {"email": "second@example.com"})
    assert response["Location"] == page("emails")
    with sent():
        response = confirm(browser, "second@example.com")
    assert response["Location"] == page("emails")
    address = UserEmail.objects.get(email="second@example.com")
    assert "make-primary-email" in browser.get(page("emails")).content.decode()
    assert (
        "Make this your primary"
        in browser.get(page("make_primary_email", address.pk)).content.decode()
    )

    with sent():
        browser.post(page("make_primary_email", address.pk))

    maria.refresh_from_db()
    assert maria.email == "second@example.com"
    [told] = [mail for mail in mails_to("maria@example.com") if "now goes to" in mail.subject]
    assert "second@example.com" in told.body
    assert "undo-email-change" in link_in(told)


@pytest.mark.parametrize("email", ["owner@example.com", "free@example.com"])
def test_a_foreign_address_looks_like_a_free_one(browser, maria, email):
    make_user("owner")

    added = browser.post(page("add_email"), {"email": email}, follow=True).content.decode()

    assert f"We have sent a mail to {email}" in added
    assert "waiting for confirmation" in added
    kind = "already_registered" if email == "owner@example.com" else "confirm_email"
    assert OutgoingMail.objects.get(to=email).kind == kind


@pytest.mark.parametrize(
    "email, sentence",
    [
        ("", "This field is required."),
        ("maria", "Enter an e-mail address like name@example.com."),
        ("a@example.com,b@example.com", "Enter an e-mail address like name@example.com."),
        ("MARIA@example.com", "This e-mail address is part of the account already."),
    ],
)
def test_a_wrong_address_is_told_with_what_was_typed(browser, email, sentence):
    text = browser.post(page("add_email"), {"email": email}).content.decode()

    assert sentence in text
    assert UserEmail.objects.count() == 1


@pytest.mark.asvs("2.3.2")
def test_no_more_than_the_limit_can_be_added(browser, maria):
    with lifted_limits():
        for number in range(4):
            add_email(maria, f"a{number}@example.com")

    text = browser.post(page("add_email"), {"email": "one@example.com"}).content.decode()

    assert "An account can have 5 e-mail addresses." in text
    assert "Add an address" not in browser.get(page("emails")).content.decode()
    with pytest.raises(TooManyEmails):
        add_email(maria, "other@example.com")
    assert UserEmail.objects.count() == 5


def test_an_administrator_may_add_beyond_the_limit(maria, settings):
    settings.USERACCOUNTS = {**settings.USERACCOUNTS, "EMAILS_PER_USER": 2}
    boss = make_user("boss")
    add_email(maria, "second@example.com")

    add_email(maria, "third@example.com", by=boss)

    assert UserEmail.objects.filter(user=maria).count() == 3


def test_the_last_confirmed_address_stays(browser, maria):
    address = UserEmail.objects.get()

    text = browser.post(page("remove_email", address.pk)).content.decode()

    assert "This is the only confirmed e-mail address of the account." in text
    assert "Remove" not in browser.get(page("emails")).content.decode()
    assert UserEmail.objects.count() == 1


@pytest.mark.asvs("6.3.7")
def test_an_address_is_removed_and_everybody_is_told(browser, maria, sent):
    address = second(maria)

    with sent():
        response = browser.post(page("remove_email", address.pk), follow=True)
    again = browser.post(page("remove_email", address.pk))

    assert "second@example.com is no longer part of your account." in response.content.decode()
    assert again["Location"] == page("emails")
    assert len(mails_to("second@example.com")) == len(mails_to("maria@example.com")) == 1


@pytest.mark.asvs("8.2.2")
@pytest.mark.parametrize("name", ["send_confirmation", "make_primary_email", "remove_email"])
def test_an_address_of_somebody_else_is_as_good_as_none(browser, name):
    other = make_user("other")
    theirs = UserEmail.objects.get(user=other)

    for ask in (browser.get, browser.post):
        for number in (theirs.pk, theirs.pk + 1000, 2**70):
            assert ask(page(name, number))["Location"] == page("emails")
    assert UserEmail.objects.filter(user=other).count() == 1


@pytest.mark.parametrize("name", ["make_primary_email", "remove_email", "send_confirmation"])
def test_opening_a_page_changes_nothing(browser, maria, name):
    address = second(maria)
    before = list(UserEmail.objects.order_by("pk").values())

    browser.get(page(name, address.pk))

    assert list(UserEmail.objects.order_by("pk").values()) == before
    assert not OutgoingMail.objects.exists()


def test_a_claim_cannot_become_primary(browser, maria):
    claim = UserEmail.objects.add_claim(maria, "claim@example.com")

    text = browser.post(page("make_primary_email", claim.pk)).content.decode()

    assert "Only a confirmed e-mail address can be the primary one. Confirm it first." in text


@pytest.mark.asvs("7.5.1")
def test_changes_need_a_recent_login(maria):
    stale = Client()
    stale.force_login(maria)
    session = stale.session
    session["useraccounts_proved_at"] = 0
    session.save()

    response = stale.post(page("add_email"), {"email": "second@example.com"})

    assert response["Location"].startswith(page("confirm_identity"))
    assert UserEmail.objects.count() == 1


def test_the_link_is_sent_again_for_what_waits_and_not_for_what_is_confirmed(browser, maria, sent):
    claim = UserEmail.objects.add_claim(maria, "claim@example.com")

    with sent():
        browser.post(page("send_confirmation", claim.pk), {"next": "/members/"})
    text = browser.post(page("send_confirmation", UserEmail.objects.first().pk)).content.decode()

    assert "This e-mail address is confirmed already." in text
    assert confirm(browser, "claim@example.com")["Location"] == "/members/"


# A site with one address for each


@pytest.fixture
def single(settings):
    settings.USERACCOUNTS = {**settings.USERACCOUNTS, "EMAILS_PER_USER": 1}


def test_of_one_address_another_takes_the_place_when_it_is_confirmed(single, browser, maria, sent):
    assert "Change the address" in browser.get(page("emails")).content.decode()
    with sent():
        browser.post(page("add_email"), {"email": "new@example.com"})
    maria.refresh_from_db()
    assert maria.email == "maria@example.com"

    with sent():
        confirm(browser, "new@example.com")

    assert [row.email for row in UserEmail.objects.all()] == ["new@example.com"]
    maria.refresh_from_db()
    assert maria.email == "new@example.com"
    [told] = mails_to("maria@example.com")
    assert "undo-email-change" in link_in(told)


def test_of_one_address_a_second_wish_replaces_the_first(single, browser, maria):
    browser.post(page("add_email"), {"email": "tpyo@example.com"})
    browser.post(page("add_email"), {"email": "typo@example.com"})

    texts = set(UserEmail.objects.values_list("email", flat=True))
    assert texts == {"maria@example.com", "typo@example.com"}
