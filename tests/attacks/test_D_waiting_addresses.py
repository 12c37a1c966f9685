"""D18. Who knew the password has added an address of his own, which waits: it is no way back in."""

import pytest

from django_useraccounts.emails.flows import (
    add_email,
    claim_to_hand_over,
    hand_over,
    undo_email_change,
)
from django_useraccounts.emails.flows.rows import as_they_were
from django_useraccounts.models import AccountEvent, OneTimeSecret, UserEmail
from django_useraccounts.passwords.flows import change_password
from django_useraccounts.secrets import UNDO_EMAIL_CHANGE, issue, link_of, peek
from django_useraccounts.sentences import sentence_of
from django_useraccounts.sessions.flows import disown_login
from django_useraccounts.sessions.models import DISOWN_LOGIN
from django_useraccounts.signals import email_removed
from django_useraccounts.testing import PASSWORD, make_user
from tests.attacks.browsers import NEW_PASSWORD, VICTIM, last_mail, mailbox, url

pytestmark = pytest.mark.django_db

OWN = "mallory@example.net"
REMOVED = f"The e-mail address {OWN} was removed."
SITES = pytest.mark.parametrize("most", [5, 1])


@pytest.fixture
def victoria(db):
    return make_user("victoria", VICTIM)


@pytest.fixture
def planted(browser, victoria):
    """The link by which mallory, who knows the password, could prove an address of his own."""
    browser.log_in("victoria")
    browser.post(url("add_email"), {"email": OWN})
    return last_mail(OWN)


def by_reset(browser, address):
    browser.forgot()
    browser.reset(last_mail())


def by_undo(browser, address):
    row = issue(UNDO_EMAIL_CHANGE, address=address, pending=as_they_were([address]))
    undo_email_change(peek(UNDO_EMAIL_CHANGE, link_of(row)))


def by_not_me(browser, address):
    row = issue(DISOWN_LOGIN, address=address, pending=as_they_were([address]))
    disown_login(peek(DISOWN_LOGIN, link_of(row)))


WAYS = pytest.mark.parametrize("way", [by_reset, by_undo, by_not_me])


def history_of(user):
    return [sentence_of(event) for event in AccountEvent.objects.filter(user=user)]


@SITES
@WAYS
def test_D18_the_link_of_a_waiting_address_opens_nothing_once_the_owner_is_back(
    browser, new_browser, victoria, planted, set_conf, way, most
):
    set_conf(EMAILS_PER_USER=most)
    way(new_browser(), victoria.emails.get(email=VICTIM))

    response = browser.confirm(planted)

    assert response.status_code == 404
    assert [row.email for row in victoria.emails.all()] == [VICTIM]
    assert history_of(victoria).count(REMOVED) == 1


@WAYS
def test_D18_no_new_link_is_mailed_for_it_either(browser, new_browser, victoria, planted, way):
    way(new_browser(), victoria.emails.get(email=VICTIM))

    for thief in (browser, new_browser()):
        thief.resend(OWN)
        thief.forgot(OWN)

    assert not OneTimeSecret.objects.filter(email_key=OWN).exclude(user=None).exists()
    assert not UserEmail.objects.addressed(OWN).exists()
    assert "no account" in mailbox(OWN)[-1].lower()


@WAYS
def test_D18_programs_are_told_of_it(
    new_browser, victoria, planted, way, django_capture_on_commit_callbacks
):
    told = []

    def hear(sender, user, address, **kwargs):
        told.append((user.pk, address))

    email_removed.connect(hear)
    with django_capture_on_commit_callbacks(execute=True):
        way(new_browser(), victoria.emails.get(email=VICTIM))
    email_removed.disconnect(hear)

    assert set(told) == {(victoria.pk, OWN)}


def test_D18_an_address_that_the_thief_has_proved_is_named_when_it_is_taken_off(
    browser, new_browser, victoria, planted
):
    browser.confirm(planted)

    by_undo(new_browser(), victoria.emails.get(email=VICTIM))

    assert history_of(victoria).count(REMOVED) == 1


def test_D18_of_an_address_that_is_put_back_nobody_reads_that_it_was_removed(victoria):
    """The thief has taken it off and written it down again, so that it waits."""
    address = victoria.emails.get()
    other = UserEmail.objects.add_proved(victoria, OWN)
    row = issue(UNDO_EMAIL_CHANGE, address=address, pending=as_they_were([address, other]))
    other.delete()
    UserEmail.objects.add_claim(victoria, OWN)

    undo_email_change(peek(UNDO_EMAIL_CHANGE, link_of(row)))

    assert {row.email for row in UserEmail.objects.confirmed()} == {VICTIM, OWN}
    assert not UserEmail.objects.claims().exists()
    assert REMOVED not in history_of(victoria)


def test_D18_who_gets_an_account_handed_over_reads_of_its_other_address(db):
    eve = make_user("eve", VICTIM, confirmed=False)
    add_email(eve, OWN)

    hand_over(claim_to_hand_over(VICTIM))

    assert [row.email for row in eve.emails.all()] == [VICTIM]
    assert REMOVED in history_of(eve)


def test_a_new_password_in_a_session_leaves_what_waits(new_browser, victoria, planted):
    change_password(victoria, old_password=PASSWORD, new_password=NEW_PASSWORD)

    new_browser().confirm(planted)

    assert UserEmail.objects.confirmed().filter(user=victoria, email=OWN).exists()
    assert REMOVED not in history_of(victoria)


@WAYS
def test_what_waits_on_the_accounts_of_others_stays(new_browser, victoria, planted, way):
    frida = make_user("frida")
    UserEmail.objects.add_claim(frida, "own@example.org")
    UserEmail.objects.add_claim(frida, OWN)

    way(new_browser(), victoria.emails.get(email=VICTIM))

    assert UserEmail.objects.claims().filter(user=frida).count() == 2
    assert REMOVED not in history_of(frida)
