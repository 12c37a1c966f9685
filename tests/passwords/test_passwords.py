"""Change a password, and get back in without it."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user
from django.test import Client
from django.utils import timezone

from django_useraccounts.errors import LinkInvalid, LinkUsed, WrongPassword
from django_useraccounts.models import (
    AccountEvent,
    OneTimeSecret,
    OutgoingMail,
    UserEmail,
)
from django_useraccounts.passwords.flows import (
    change_password,
    forgot_password,
    reset_password,
    set_password,
)
from django_useraccounts.secrets import CONFIRM_EMAIL, RESET_PASSWORD, issue, link_of, peek
from django_useraccounts.testing import PASSWORD, html_of, link_in, log_in, mails_to, make_user

pytestmark = pytest.mark.django_db

NEW = "a new horse, a new staple"


def secret_for(user):
    issue(RESET_PASSWORD, address=UserEmail.objects.get(user=user, is_primary=True))
    return peek(RESET_PASSWORD, link_of(OneTimeSecret.objects.latest("created_at")))


def link_for(user):
    address = UserEmail.objects.confirmed().get(user=user)
    return f"/accounts/reset-password/{link_of(issue(RESET_PASSWORD, address=address))}/"


def opened(client, link):
    return client.get(link)["Location"]


def change(client, old=PASSWORD, new=NEW):
    return client.post("/accounts/change-password/", {"old_password": old, "new_password": new})


# Who is told


@pytest.mark.parametrize(
    "how, told",
    [
        ("change", ["frida@example.com"]),
        ("set", ["frida@example.com"]),
        # Whoever reads one of the mailboxes has set it, and would read the news alone.
        ("reset", ["frida@example.com", "second@example.com"]),
    ],
)
def test_a_new_password_is_told_to_the_primary_address_and_one_set_by_mail_to_each(how, told):
    user = make_user("frida", password=None if how == "set" else PASSWORD)
    UserEmail.objects.add_proved(user, "second@example.com")
    UserEmail.objects.add_claim(user, "claim@example.com")
    if how == "change":
        change_password(user, old_password=PASSWORD, new_password=NEW)
    elif how == "set":
        set_password(user, new_password=NEW)
    else:
        reset_password(secret_for(user), new_password=NEW)

    mails = OutgoingMail.objects.filter(kind="password_changed", user=user).order_by("pk")
    assert [mail.to for mail in mails] == told


@pytest.mark.parametrize("had_one", [False, True])
def test_an_old_password_is_spoken_of_to_who_had_one(had_one, django_capture_on_commit_callbacks):
    user = make_user(password=PASSWORD if had_one else None)
    with django_capture_on_commit_callbacks(execute=True):
        if had_one:
            change_password(user, old_password=PASSWORD, new_password=NEW)
        else:
            set_password(user, new_password=NEW)

    (mail,) = mails_to(user.email)
    for text in (mail.body, html_of(mail)):
        assert ("Do you use the old password elsewhere?" in text) is had_one


# Change


@pytest.mark.asvs("6.2.2")
def test_changing_ends_the_other_sessions_and_keeps_this_one(client):
    user, elsewhere = make_user(), Client()
    log_in(client, user)
    log_in(elsewhere, user)
    key = client.session.session_key

    response = change(client)

    assert response["Location"] == "/accounts/profile/"
    assert get_user(client) == user
    assert client.session.session_key != key
    assert elsewhere.get("/accounts/profile/").status_code == 302
    user.refresh_from_db()
    assert user.check_password(NEW)


@pytest.mark.asvs("6.3.7")
def test_changing_is_told_by_mail_and_kept_in_the_events():
    user = make_user()

    change_password(user, old_password=PASSWORD, new_password=NEW)

    assert OutgoingMail.objects.get().kind == "password_changed"
    assert AccountEvent.objects.get().kind == "password_changed"


def test_a_user_without_address_changes_the_password_without_mail():
    user = make_user(confirmed=False)

    change_password(user, old_password=PASSWORD, new_password=NEW)

    assert not OutgoingMail.objects.exists()


@pytest.mark.asvs("6.2.3")
@pytest.mark.parametrize("old", ["wrong", PASSWORD.upper(), f" {PASSWORD}"])
def test_a_wrong_current_password_changes_nothing(client, old):
    user = make_user()
    log_in(client, user)

    response = change(client, old=old)

    assert response.context["form"].errors == {
        "old_password": ["This is not your current password."]
    }
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


@pytest.mark.asvs("6.2.3")
def test_leaving_the_current_password_out_changes_nothing(client):
    user = make_user()
    log_in(client, user)

    response = client.post("/accounts/change-password/", {"new_password": NEW})

    assert response.context["form"].errors == {"old_password": ["This field is required."]}


def test_of_two_changes_at_once_only_one_counts():
    user = make_user()
    same = type(user).objects.get(pk=user.pk)
    change_password(user, old_password=PASSWORD, new_password=NEW)

    with pytest.raises(WrongPassword):
        change_password(same, old_password=PASSWORD, new_password="another new password")

    user.refresh_from_db()
    assert user.check_password(NEW)


def test_a_weak_new_password_gets_a_sentence_beside_its_field(client):
    log_in(client, make_user())

    response = change(client, new="maria1")

    assert "new_password" in response.context["form"].errors


# Forget


@pytest.mark.parametrize(
    "email, kind, to",
    [
        ("MARIA@example.com", "reset_password", "Maria@example.com"),
        ("waiting@example.com", "no_account", "waiting@example.com"),
        ("off@example.com", "no_account", "off@example.com"),
        ("nobody@example.com", "no_account", "nobody@example.com"),
        ("without@example.com", "reset_password", "without@example.com"),
    ],
)
def test_every_address_gets_the_one_mail_that_is_true_for_it(email, kind, to):
    make_user("maria", "Maria@example.com")
    make_user("waiting", confirmed=False)
    make_user("off", is_active=False)
    make_user("without", password=None)

    forgot_password(email)

    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.to) == (kind, to)
    assert OneTimeSecret.objects.count() == 1


def test_the_page_is_the_same_for_everybody(client):
    make_user("maria")

    known = client.post("/accounts/forgot-password/", {"email": "maria@example.com"})
    unknown = client.post("/accounts/forgot-password/", {"email": "nobody@example.com"})

    assert known["Location"] == unknown["Location"] == "/accounts/mail-sent/"


# Reset


def test_the_mailed_link_sets_a_password_and_logs_nobody_in(
    client, django_capture_on_commit_callbacks
):
    user = make_user("maria")
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/accounts/forgot-password/", {"email": "maria@example.com"})
    path = opened(client, link_in(mails_to("maria@example.com")[0]))

    response = client.post(path, {"new_password": NEW})

    assert response["Location"] == "/accounts/login/"
    assert get_user(client).is_anonymous
    user.refresh_from_db()
    assert user.check_password(NEW)
    kinds = AccountEvent.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["password_link_requested", "password_reset"]


def test_resetting_ends_every_session(client):
    user = make_user()
    log_in(client, user)

    reset_password(secret_for(user), new_password=NEW)

    assert client.get("/accounts/profile/").status_code == 302


def test_resetting_drops_claims_that_a_stranger_may_have_left():
    user = make_user()
    UserEmail.objects.add_claim(user, "stranger@example.com")
    pending = issue(CONFIRM_EMAIL, address=UserEmail.objects.claims().get())

    reset_password(secret_for(user), new_password=NEW)

    assert [address.email for address in user.emails.all()] == ["maria@example.com"]
    with pytest.raises(LinkInvalid):
        peek(CONFIRM_EMAIL, link_of(pending))


def test_a_link_resets_once(client):
    user = make_user()
    path = opened(client, link_for(user))
    client.post(path, {"new_password": NEW})

    again = client.post(path, {"new_password": "quite another password"})

    assert (again.status_code, again.context["reason"]) == (410, "used")
    # Said of a link that did nothing, which this one has not.
    assert "Your password was not changed." not in again.content.decode()
    assert "Your password was not changed." in client.get("/accounts/reset-password/x/").text
    user.refresh_from_db()
    assert user.check_password(NEW)


def test_two_links_to_the_same_account_reset_once():
    user = make_user()
    second = UserEmail.objects.create(
        user=user, email="b@example.com", email_key="b@example.com", verified_key="b@example.com"
    )
    one = secret_for(user)
    two = peek(RESET_PASSWORD, link_of(issue(RESET_PASSWORD, address=second)))
    reset_password(one, new_password=NEW)

    with pytest.raises(LinkUsed):
        reset_password(two, new_password="quite another password")

    user.refresh_from_db()
    assert user.check_password(NEW)


@pytest.mark.parametrize("event", ["changed", "removed", "off", "unconfirmed"])
def test_what_changes_the_account_voids_its_links(event):
    user = make_user()
    secret = secret_for(user)
    if event == "changed":
        change_password(user, old_password=PASSWORD, new_password="changed meanwhile")
    elif event == "removed":
        UserEmail.objects.all().delete()
    elif event == "off":
        type(user).objects.update(is_active=False)
    else:
        UserEmail.objects.update(verified_key=None, is_primary=None)

    with pytest.raises(LinkUsed):
        reset_password(secret, new_password=NEW)

    user.refresh_from_db()
    assert not user.check_password(NEW)


def test_an_expired_link_offers_a_new_one(client):
    user = make_user()
    secret = issue(RESET_PASSWORD, address=UserEmail.objects.get())
    secret.expires_at = timezone.now().replace(microsecond=0) - timedelta(seconds=1)
    secret.save()

    response = client.get(f"/accounts/reset-password/{link_of(secret)}/", follow=True)

    assert (response.status_code, response.context["reason"]) == (410, "expired")
    assert "/accounts/forgot-password/" in response.content.decode()
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_the_new_password_must_not_resemble_the_user(client):
    user = make_user("maria")
    path = opened(client, link_for(user))

    response = client.post(path, {"new_password": "maria@example.com"})

    assert "new_password" in response.context["form"].errors
    assert client.post(path, {"new_password": NEW}).status_code == 302
