"""What people see of an address that mail does not reach, and how they mend it."""

import pytest
from django.core import mail as outside
from django.urls import reverse

from django_useraccounts.models import AccountEvent, UndeliverableAddress, UserEmail
from django_useraccounts.testing import PASSWORD, link_in, log_in, make_user
from django_useraccounts.undeliverable import is_undeliverable, report_undeliverable

pytestmark = pytest.mark.django_db

EMAILS = reverse("useraccounts:emails")


@pytest.fixture
def frida(client):
    frida = make_user("frida")
    log_in(client, frida)
    return frida


def log_in_by_page(client, **data):
    return client.post(
        reverse("useraccounts:login"),
        {"identifier": "frida", "password": PASSWORD, **data},
        follow=True,
    )


@pytest.mark.parametrize(
    "state, sentence",
    [
        ("bounced", "Our mail to frida@example.com comes back, so we send none there any more."),
        (
            "complained",
            "Our mail to frida@example.com was marked as spam, so we send none there any more.",
        ),
    ],
)
def test_the_page_says_what_is_wrong_and_what_helps(client, frida, state, sentence):
    report_undeliverable("frida@example.com", state=state)

    page = client.get(EMAILS).content.decode()

    assert sentence in page
    assert "Have a confirmation mail sent if the address works again" in page
    assert '<span class="ua-tag ua-bad">undeliverable</span>' in page
    assert reverse("useraccounts:send_confirmation", args=[frida.emails.get().pk]) in page


def test_one_failure_is_told_and_keeps_nothing_back(client, frida):
    report_undeliverable("frida@example.com", state="failing")

    page = client.get(EMAILS).content.decode()

    assert "Our last mails to frida@example.com did not arrive." in page
    assert "undeliverable" not in page


def test_an_undeliverable_address_is_not_offered_as_primary(client, frida):
    spare = UserEmail.objects.add_proved(frida, "spare@example.com")
    path = reverse("useraccounts:make_primary_email", args=[spare.pk])
    assert path in client.get(EMAILS).content.decode()

    report_undeliverable("spare@example.com", state="bounced")

    assert path not in client.get(EMAILS).content.decode()


def test_confirming_again_heals_it(client, frida, django_capture_on_commit_callbacks):
    report_undeliverable("frida@example.com", state="bounced")
    path = reverse("useraccounts:send_confirmation", args=[frida.emails.get().pk])
    with django_capture_on_commit_callbacks(execute=True):
        client.post(path)
    [message] = outside.outbox

    assert "came back" in message.body
    assert "It was not me" not in message.body
    page = client.get(link_in(message), follow=True)
    assert "It was not me" not in page.content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(page.request["PATH_INFO"], {"answer": "confirm"}, follow=True)

    assert response.redirect_chain[-1][0] == EMAILS
    assert "Your e-mail address is confirmed." in response.content.decode()
    assert not UndeliverableAddress.objects.exists()
    assert AccountEvent.objects.filter(kind="email_confirmed", user=frida).count() == 1
    # The address was proved before: nobody is told of a new one, or welcomed once more.
    assert len(outside.outbox) == 1
    assert frida.emails.get().is_primary


def test_an_address_that_works_needs_no_second_confirmation(client, frida):
    path = reverse("useraccounts:send_confirmation", args=[frida.emails.get().pk])

    page = client.post(path)

    assert "This e-mail address is confirmed already." in page.content.decode()


def test_confirming_a_new_claim_heals_what_bounced_for_somebody_before(
    client, frida, django_capture_on_commit_callbacks
):
    report_undeliverable("new@example.com", state="bounced")
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("useraccounts:add_email"), {"email": "new@example.com"})
    page = client.get(link_in(outside.outbox[0]), follow=True)

    client.post(page.request["PATH_INFO"], {"answer": "confirm"})

    assert not is_undeliverable("new@example.com")
    assert frida.emails.confirmed().count() == 2


# Asked at the next login


def test_who_logs_in_is_led_to_the_addresses_and_from_there_on(client):
    make_user("frida")
    report_undeliverable("frida@example.com", state="bounced")

    response = log_in_by_page(client, next="/supper/")

    assert response.redirect_chain == [(f"{EMAILS}?next=%2Fsupper%2F", 302)]
    page = response.content.decode()
    assert "Our mail does not reach you. Please look at your e-mail address." in page
    assert 'href="/supper/"' in page


@pytest.mark.parametrize("trouble", [None, "failing", "other"])
def test_who_can_be_reached_is_not_held_up(client, trouble):
    frida = make_user("frida")
    if trouble == "failing":
        report_undeliverable("frida@example.com", state="failing")
    if trouble == "other":
        UserEmail.objects.add_proved(frida, "other@example.com")
        report_undeliverable("other@example.com", state="bounced")

    response = client.post(
        reverse("useraccounts:login"), {"identifier": "frida", "password": PASSWORD}
    )

    assert response["Location"] != EMAILS
    assert EMAILS not in response["Location"]


def test_a_user_who_was_not_loaded_with_it_asks(django_assert_num_queries):
    frida = make_user("frida")
    with django_assert_num_queries(1):
        assert frida.is_reachable
        assert frida.is_reachable

    report_undeliverable("frida@example.com", state="bounced")
    frida.forget_loaded()

    assert not frida.is_reachable


# Language


def test_the_language_of_a_login_is_kept_for_mail(client, settings):
    frida = make_user("frida", language="en")

    client.post(
        reverse("useraccounts:login"),
        {"identifier": "frida", "password": PASSWORD},
        headers={"Accept-Language": "de"},
    )

    frida.refresh_from_db()
    assert frida.language == "de"
