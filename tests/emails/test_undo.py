"""This was not me: who reads an old address of an account can take it back for some days."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user, get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from django_useraccounts.emails.flows import (
    add_email,
    confirm_email,
    make_primary,
    remove_email,
    undo_email_change,
)
from django_useraccounts.errors import EmailTaken, LinkError, LinkUsed
from django_useraccounts.leaving.flows import close_account
from django_useraccounts.models import AccountEvent, OneTimeSecret, OutgoingMail, UserEmail
from django_useraccounts.passwords.flows import forgot_password
from django_useraccounts.secrets import (
    CONFIRM_EMAIL,
    RESET_PASSWORD,
    UNDO_EMAIL_CHANGE,
    issue,
    link_of,
    peek,
)
from django_useraccounts.testing import PASSWORD, lifted_limits, log_in, make_user

pytestmark = pytest.mark.django_db

ASKED = "password_link_requested"
OLD, EVIL = "maria@example.com", "evil@example.com"


@pytest.fixture(autouse=True)
def _without_limits():
    with lifted_limits():
        yield


@pytest.fixture
def maria():
    return make_user("maria")


def prove(user, email):
    """Add an address, and confirm it by its link, as its reader does."""
    address = add_email(user, email)
    secret = OneTimeSecret.objects.get(address=address)
    return confirm_email(peek(CONFIRM_EMAIL, link_of(secret)))


def steal(user):
    """Do what a thief does who has the session and the password."""
    evil = prove(user, EVIL)
    make_primary(evil)
    remove_email(UserEmail.objects.get(email=OLD))
    user.set_password("the password of the thief")
    user.save()


def undo_links_to(email):
    mails = OutgoingMail.objects.filter(
        to=email, secret__purpose=UNDO_EMAIL_CHANGE.name, secret__redeemed_at=None
    )
    return [peek(UNDO_EMAIL_CHANGE, link_of(mail.secret)) for mail in mails.order_by("pk")]


def texts_of(user):
    return set(UserEmail.objects.filter(user=user).values_list("email", flat=True))


@pytest.mark.parametrize("which", [0, 1, 2])
def test_E3_any_of_the_links_takes_the_whole_theft_back(maria, which):
    steal(maria)
    links = undo_links_to(OLD)
    assert len(links) == 3
    thief = log_in(Client(), maria)

    undo_email_change(links[which])

    assert texts_of(maria) == {OLD}
    assert UserEmail.objects.get().is_primary
    maria.refresh_from_db()
    assert maria.email == OLD
    assert not maria.has_usable_password()
    assert not get_user(thief).is_authenticated
    assert AccountEvent.objects.filter(kind="email_change_undone").count() == 1


def test_no_other_link_works_afterwards(maria):
    steal(maria)
    links = undo_links_to(OLD)

    undo_email_change(links[0])

    for link in links:
        with pytest.raises(LinkUsed):
            peek(UNDO_EMAIL_CHANGE, link_of(link))


def test_the_thief_gets_no_link_to_take_back_what_the_owner_does(maria):
    evil = prove(maria, EVIL)

    remove_email(evil)

    assert OutgoingMail.objects.filter(to=EVIL, kind="email_removed").exists()
    assert undo_links_to(EVIL) == []


def test_an_address_that_has_been_there_for_long_gets_the_link(maria):
    second = prove(maria, "second@example.com")
    UserEmail.objects.filter(pk=second.pk).update(confirmed_at=timezone.now() - timedelta(days=8))

    remove_email(second)

    assert len(undo_links_to("second@example.com")) == 1


def test_after_an_act_of_an_administrator_there_is_no_link(maria):
    boss, second = make_user("boss"), prove(maria, "second@example.com")
    OutgoingMail.objects.all().delete()

    make_primary(second, by=boss)

    assert OutgoingMail.objects.get().to == OLD
    assert undo_links_to(OLD) == []


def test_what_was_changed_before_the_theft_stays(maria):
    prove(maria, "second@example.com")
    OneTimeSecret.objects.filter(purpose=UNDO_EMAIL_CHANGE.name).update(redeemed_at=timezone.now())
    steal(maria)

    undo_email_change(undo_links_to(OLD)[-1])

    assert texts_of(maria) == {OLD, "second@example.com"}


def test_claims_of_the_thief_and_his_links_go(maria):
    steal(maria)
    claim = add_email(maria, "claim@example.com")
    waiting = OneTimeSecret.objects.get(address=claim)

    undo_email_change(undo_links_to(OLD)[0])

    with pytest.raises(LinkError):
        peek(CONFIRM_EMAIL, link_of(waiting))
    assert texts_of(maria) == {OLD}


def test_each_address_gets_a_link_to_a_new_password(maria):
    steal(maria)
    reset = issue(RESET_PASSWORD, address=UserEmail.objects.get(email=EVIL))

    undo_email_change(undo_links_to(OLD)[0])

    mail = OutgoingMail.objects.get(kind="email_change_undone")
    assert mail.to == OLD
    assert peek(RESET_PASSWORD, link_of(mail.secret))
    assert not OneTimeSecret.objects.filter(pk=reset.pk).exists()


def test_an_address_that_is_another_accounts_by_now_is_not_taken_from_it(maria):
    steal(maria)
    links = undo_links_to(OLD)
    other = make_user("other", OLD)

    with pytest.raises(EmailTaken):
        undo_email_change(links[0])

    assert texts_of(other) == {OLD}
    assert texts_of(maria) == {EVIL}
    maria.refresh_from_db()
    assert maria.check_password("the password of the thief")


def test_E3_who_forgets_the_password_of_a_stolen_account_is_mailed_the_link_once_more(maria):
    # and is not told to register anew, after which the link could not put the address back
    steal(maria)
    link = undo_links_to(OLD)[-1]
    OutgoingMail.objects.all().delete()

    forgot_password("MARIA@example.com")

    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.to, mail.about, mail.user) == ("email_removed", OLD, OLD, maria)
    assert mail.secret == link
    assert {event.user for event in AccountEvent.objects.filter(kind=ASKED)} == {None}


@pytest.mark.parametrize(
    "end", ["undone", "expired", "switched off", "gone", "taken", "taken and off"]
)
def test_a_link_that_undoes_no_more_is_not_mailed_again(maria, end):
    steal(maria)
    users = get_user_model().objects.filter(pk=maria.pk)
    if end == "undone":
        OneTimeSecret.objects.update(redeemed_at=timezone.now())
    elif end == "expired":
        OneTimeSecret.objects.update(expires_at=timezone.now())
    elif end == "switched off":
        users.update(is_active=False)
    elif end == "gone":
        users.update(erase_at=timezone.now())
    else:
        make_user("hers", OLD, is_active=end == "taken")
    OutgoingMail.objects.all().delete()

    forgot_password(OLD)

    assert OutgoingMail.objects.get().kind == ("reset_password" if end == "taken" else "no_account")


def test_the_link_is_mailed_again_when_the_thief_has_closed_the_account(maria):
    steal(maria)
    close_account(maria)
    OutgoingMail.objects.all().delete()

    forgot_password(OLD)

    assert OutgoingMail.objects.get().kind == "email_removed"


def test_the_link_outlives_a_new_password_and_ends_after_seven_days(maria):
    prove(maria, EVIL)
    maria.set_password("the password of the thief")
    maria.save()
    [link] = undo_links_to(OLD)

    assert link.expires_at - link.created_at > timedelta(days=6, hours=23)
    assert link.expires_at - link.created_at <= timedelta(days=7)


def test_the_page_shows_first_and_acts_on_a_button_and_leads_to_a_new_password(maria):
    steal(maria)
    browser = Client()
    url = reverse("useraccounts:undo_email_change", args=[link_of(undo_links_to(OLD)[0])])

    path = browser.get(url)["Location"]
    shown = browser.get(path).content.decode()
    assert OLD in shown and EVIL not in shown
    assert texts_of(maria) == {EVIL}
    done = browser.post(path, follow=True)
    browser.post(done.redirect_chain[-1][0], {"new_password": PASSWORD})

    maria.refresh_from_db()
    assert maria.check_password(PASSWORD)
    assert texts_of(maria) == {OLD}
    late = Client()
    again = late.get(late.get(url)["Location"])
    assert again.status_code == 410
    assert "cannot be undone with this link any more" in again.content.decode()
