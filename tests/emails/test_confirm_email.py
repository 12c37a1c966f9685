"""Confirm an address, disown it, or have the mail sent once more."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user
from django.test import Client
from django.utils import timezone

from django_useraccounts import signals
from django_useraccounts.emails.flows import confirm_email, disown_email, resend_confirmation
from django_useraccounts.errors import EmailTaken, LinkUsed, TooManyAttempts
from django_useraccounts.models import (
    AccountEvent,
    OneTimeSecret,
    OutgoingMail,
    User,
    UserEmail,
)
from django_useraccounts.secrets import CONFIRM_EMAIL, issue, link_of, peek
from django_useraccounts.testing import PASSWORD, link_in, log_in, mails_to, make_user

pytestmark = pytest.mark.django_db


def claim_of(user):
    return UserEmail.objects.claims().get(user=user)


def link_for(user, **more):
    return (
        f"/accounts/confirm-email/{link_of(issue(CONFIRM_EMAIL, address=claim_of(user), **more))}/"
    )


def secret_for(user):
    secret = issue(CONFIRM_EMAIL, address=claim_of(user))
    return peek(CONFIRM_EMAIL, link_of(secret))


def opened(client, link):
    """Open a link as a reader does, and return the path that is left in the address bar."""
    return client.get(link)["Location"]


def reasons_of(response):
    return response.status_code, response.context["reason"]


# The flow


def test_confirming_makes_the_address_the_primary_one():
    user = make_user("frida", confirmed=False)

    address = confirm_email(secret_for(user))

    address.refresh_from_db()
    user.refresh_from_db()
    assert address.verified_key == "frida@example.com"
    assert address.is_primary is True
    assert address.confirmed_at is not None
    assert user.email == "frida@example.com"
    assert user.has_confirmed_email
    assert AccountEvent.objects.get().kind == "email_confirmed"
    assert OutgoingMail.objects.get().kind == "welcome"


def test_a_second_address_is_confirmed_without_becoming_primary():
    user = make_user("frida")
    UserEmail.objects.add_claim(user, "second@example.com")

    address = confirm_email(secret_for(user))

    user.refresh_from_db()
    assert address.is_primary is None
    assert user.email == "frida@example.com"
    (mail,) = OutgoingMail.objects.all()
    assert (mail.kind, mail.to) == ("email_added", user.email)


def test_confirming_twice_changes_nothing():
    user = make_user("frida", confirmed=False)
    first, second = secret_for(user), OneTimeSecret.objects.get()
    confirm_email(first)

    with pytest.raises(LinkUsed):
        confirm_email(second)

    assert AccountEvent.objects.count() == 1


def test_an_address_that_somebody_else_has_proved_meanwhile_is_taken():
    first, second = (
        make_user(name, "same@example.com", confirmed=False) for name in ("one", "two")
    )
    secret = secret_for(second)
    confirm_email(secret_for(first))

    with pytest.raises(EmailTaken):
        confirm_email(secret)

    assert UserEmail.objects.confirmed().get().user == first
    assert OneTimeSecret.objects.get(pk=secret.pk).redeemed_at is None
    second.refresh_from_db()
    assert second.email == ""


def test_the_news_of_a_proof_carries_user_and_address(django_capture_on_commit_callbacks):
    heard = []

    def hearing(user, email, **news):
        heard.append((user.username, email.email))

    signals.email_confirmed.connect(hearing)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            confirm_email(secret_for(make_user("frida", confirmed=False)))
    finally:
        signals.email_confirmed.disconnect(hearing)

    assert heard == [("frida", "frida@example.com")]


def test_disowning_takes_the_address_off_the_account():
    user = make_user("stranger", "frida@example.com", confirmed=False)
    secret = secret_for(user)

    disown_email(secret)

    assert not UserEmail.objects.exists()
    assert AccountEvent.objects.get().kind == "email_disowned"
    with pytest.raises(LinkUsed):
        disown_email(secret)
    with pytest.raises(LinkUsed):
        confirm_email(secret)


def test_an_address_that_was_confirmed_is_not_disowned_by_its_old_link():
    user = make_user("frida", confirmed=False)
    secret, other = secret_for(user), OneTimeSecret.objects.get()
    confirm_email(secret)

    with pytest.raises(LinkUsed):
        disown_email(other)

    assert UserEmail.objects.confirmed().count() == 1


# The page


def test_get_shows_and_changes_nothing(client):
    user = make_user("frida", confirmed=False)

    response = client.get(link_for(user), follow=True)

    page = response.content.decode()
    assert response.status_code == 200
    assert "frida" in page
    assert "frida@example.com" in page
    assert not claim_of(user).is_confirmed


@pytest.mark.asvs("3.3.2", "3.3.4", "14.2.1")
def test_the_secret_leaves_the_address_bar_at_once(client):
    link = link_for(make_user("frida", confirmed=False))

    response = client.get(link)

    path = response["Location"]
    cookie = response.cookies["useraccounts_link_token"]
    assert response.status_code == 302
    assert response["Referrer-Policy"] == "no-referrer"
    assert "no-store" in response["Cache-Control"]
    assert cookie.value not in path
    assert len(path.strip("/").split("/")[-1]) == 22
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (path, True, "Lax")
    assert Client().get(path).status_code == 404


def test_the_browser_that_registered_is_logged_in_and_goes_where_it_wanted(
    client, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        data = {"username": "frida", "email": "frida@example.com", "password": PASSWORD}
        client.post("/accounts/register/?next=/gallery/", data)
    (mail,) = mails_to("frida@example.com")

    response = client.post(opened(client, link_in(mail)), {"answer": "confirm"})

    assert response["Location"] == "/gallery/"
    assert get_user(client).username == "frida"


def test_any_other_browser_confirms_without_being_logged_in(
    client, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        data = {"username": "frida", "email": "frida@example.com", "password": PASSWORD}
        client.post("/accounts/register/?next=/gallery/", data)
    other = Client()

    response = other.post(
        opened(other, link_in(mails_to("frida@example.com")[0])), {"answer": "confirm"}
    )

    assert response["Location"] == "/accounts/login/?next=%2Fgallery%2F"
    assert get_user(other).is_anonymous
    assert User.objects.get().has_confirmed_email


def test_the_link_of_another_user_confirms_for_its_owner_and_changes_no_session(client):
    me, frida = make_user("me"), make_user("frida", confirmed=False)
    log_in(client, me)

    client.post(opened(client, link_for(frida)), {"answer": "confirm"})

    frida.refresh_from_db()
    assert frida.has_confirmed_email
    assert get_user(client) == me


def test_it_was_not_me_takes_the_address_off_and_thanks(client):
    user = make_user("stranger", "frida@example.com", confirmed=False)

    response = client.post(opened(client, link_for(user)), {"answer": "not_me"})

    assert response.status_code == 200
    assert "useraccounts/emails/not_me.html" in [template.name for template in response.templates]
    assert not UserEmail.objects.exists()


def test_a_second_click_on_it_was_not_me_gets_the_same_page(client):
    path = opened(client, link_for(make_user("stranger", confirmed=False)))
    client.post(path, {"answer": "not_me"})

    response = client.post(path, {"answer": "not_me"})

    assert response.status_code == 200
    assert "Your address was taken off that account." in response.content.decode()


def test_it_was_not_me_is_believed_of_no_link_that_is_there_or_is_none(client):
    user = make_user("stranger", confirmed=False)
    path = opened(client, link_for(user))

    # Another browser, which has no cookie of the link; and what is no link at all.
    for browser, where in ((Client(), path), (client, "/accounts/confirm-email/x/")):
        response = browser.post(where, {"answer": "not_me"})
        assert reasons_of(response) == (404, "invalid")
    assert claim_of(user)


@pytest.mark.parametrize("password, is_asked_for", [(PASSWORD, True), (None, False)])
def test_who_has_no_password_is_not_told_to_log_in_with_it(client, password, is_asked_for):
    path = opened(client, link_for(make_user("frida", password=password, confirmed=False)))

    page = client.post(path, {"answer": "confirm"}, follow=True).content.decode()

    assert "Your e-mail address is confirmed." in page
    assert ("Now log in with your password." in page) is is_asked_for


@pytest.mark.parametrize("confirmed", [False, True])
def test_it_asks_for_the_password_that_works(client, set_conf, confirmed):
    set_conf(USERNAME="off")
    user = make_user("frida", confirmed=confirmed)
    if confirmed:
        UserEmail.objects.add_claim(user, "second@example.com")

    page = client.get(opened(client, link_for(user))).content.decode()

    # After the registration it may be another one.
    assert ("The password that you chose when you registered" in page) is not confirmed
    assert ("Your password" in page) is confirmed


def test_a_wrong_answer_changes_nothing(client):
    user = make_user("frida", confirmed=False)
    path = opened(client, link_for(user))

    for answer in ({}, {"answer": "maybe"}):
        assert client.post(path, answer).status_code == 200
    assert not claim_of(user).is_confirmed


@pytest.mark.parametrize("link", ["x", "A" * 64, "A" * 63, "A" * 22, "é" * 64, "A" * 300])
def test_a_link_that_is_none_gets_a_page_that_offers_a_new_one(client, link):
    response = client.get(f"/accounts/confirm-email/{link}/", follow=True)

    assert reasons_of(response) == (404, "invalid")
    assert "/accounts/resend-confirmation/" in response.content.decode()


def test_an_expired_link_says_so_and_offers_a_new_one(client):
    user = make_user("frida", confirmed=False)
    secret = issue(CONFIRM_EMAIL, address=claim_of(user))
    secret.expires_at = timezone.now().replace(microsecond=0) - timedelta(seconds=1)
    secret.save()

    response = client.get(f"/accounts/confirm-email/{link_of(secret)}/", follow=True)

    assert reasons_of(response) == (410, "expired")
    assert "/accounts/resend-confirmation/" in response.content.decode()


def test_a_used_link_says_so(client):
    path = opened(client, link_for(make_user("frida", confirmed=False)))
    client.post(path, {"answer": "confirm"})

    assert reasons_of(client.get(path)) == (410, "used")
    assert reasons_of(client.post(path, {"answer": "confirm"})) == (410, "used")


def test_posting_to_the_mailed_link_itself_does_nothing(client):
    user = make_user("frida", confirmed=False)

    response = client.post(link_for(user), {"answer": "confirm"})

    assert reasons_of(response) == (404, "invalid")
    assert not claim_of(user).is_confirmed


def test_a_taken_address_is_told_on_the_page(client):
    first, second = (
        make_user(name, "same@example.com", confirmed=False) for name in ("one", "two")
    )
    path = opened(client, link_for(second))
    confirm_email(secret_for(first))

    response = client.post(path, {"answer": "confirm"})

    assert "This e-mail address belongs to another account." in response.content.decode()


# Once more


@pytest.mark.parametrize(
    "email, kind, to",
    [
        ("Waiting@example.com", "confirm_email", "waiting@example.com"),
        ("OWNER@example.com", "already_registered", "owner@example.com"),
        ("nobody@example.com", "no_account", "nobody@example.com"),
        ("off@example.com", "no_account", "off@example.com"),
    ],
)
def test_every_address_gets_the_one_mail_that_is_true_for_it(email, kind, to):
    make_user("owner")
    make_user("waiting", confirmed=False)
    make_user("off", is_active=False)

    resend_confirmation(email)

    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.to) == (kind, to)
    assert OneTimeSecret.objects.count() == 1


def test_a_claim_of_an_account_that_is_off_stands_in_nobodys_way():
    waiting = make_user("waiting", "same@example.com", confirmed=False)
    make_user("off", "same@example.com", confirmed=False, is_active=False)

    resend_confirmation("same@example.com")

    assert (OutgoingMail.objects.get().kind, OutgoingMail.objects.get().user) == (
        "confirm_email",
        waiting,
    )


def test_a_claim_of_what_an_account_owns_that_is_off_gets_no_link():
    make_user("off", "same@example.com", is_active=False)
    make_user("waiting", "same@example.com", confirmed=False)

    resend_confirmation("same@example.com")

    assert OutgoingMail.objects.get().kind == "no_account"


def test_the_owner_of_an_address_comes_before_who_only_claims_it():
    make_user("owner", "same@example.com")
    make_user("claims", "same@example.com", confirmed=False)

    resend_confirmation("same@example.com")

    assert OutgoingMail.objects.get().user.username == "owner"


def test_a_new_link_replaces_the_older_one(client, django_capture_on_commit_callbacks):
    old = link_for(make_user("frida", confirmed=False))

    with django_capture_on_commit_callbacks(execute=True):
        client.post("/accounts/resend-confirmation/", {"email": "frida@example.com"})

    assert reasons_of(client.get(old, follow=True)) == (410, "used")
    new = link_in(mails_to("frida@example.com")[0])
    assert client.get(new, follow=True).status_code == 200


@pytest.mark.parametrize("asks_again", ["the browser that registered", "another browser"])
def test_only_the_browser_that_registered_is_logged_in_by_a_link_that_was_sent_again(
    client, django_capture_on_commit_callbacks, asks_again
):
    asking = client if asks_again == "the browser that registered" else Client()
    with django_capture_on_commit_callbacks(execute=True):
        data = {"username": "frida", "email": "frida@example.com", "password": PASSWORD}
        client.post("/accounts/register/", data)
        asking.post("/accounts/resend-confirmation/", {"email": "frida@example.com"})
    link = link_in(mails_to("frida@example.com")[-1])

    asking.post(opened(asking, link), {"answer": "confirm"})

    # Another browser may be that of the one who owns the address, in an account not made by them.
    assert get_user(asking).is_authenticated is (asking is client)


def test_one_address_is_not_mailed_for_ever():
    for _attempt in range(5):
        resend_confirmation("nobody@example.com")

    with pytest.raises(TooManyAttempts):
        resend_confirmation("NOBODY@example.com")

    assert OutgoingMail.objects.count() == 5


def test_the_page_knows_the_address_of_who_is_logged_in(client):
    log_in(client, make_user("waiting", "waiting@exämple.com", confirmed=False))

    response = client.get("/accounts/resend-confirmation/")

    assert response.context["form"]["email"].value() == "waiting@exämple.com"
