"""Add an address, make one the primary one, remove one; an account keeps a confirmed one."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.utils import timezone

from django_useraccounts import signals
from django_useraccounts.emails.flows import add_email, confirm_email, make_primary, remove_email
from django_useraccounts.errors import (
    EmailAlreadyYours,
    EmailNotConfirmed,
    EmailTaken,
    InvalidEmail,
    LastEmail,
    LinkInvalid,
    TooManyAttempts,
)
from django_useraccounts.models import AccountEvent, OneTimeSecret, OutgoingMail, UserEmail
from django_useraccounts.secrets import CONFIRM_EMAIL, RESET_PASSWORD, issue, link_of, peek
from django_useraccounts.testing import lifted_limits, link_in, mails_to, make_user
from tests.attacks.races import at_once

pytestmark = pytest.mark.django_db


def texts_of(user):
    return set(UserEmail.objects.filter(user=user).values_list("email", flat=True))


def primaries_of(user):
    return list(
        UserEmail.objects.filter(user=user, is_primary=True).values_list("email", flat=True)
    )


def kinds_told_to(address):
    return list(OutgoingMail.objects.filter(to=address).values_list("kind", flat=True))


def another(user, email="second@example.com"):
    """Give a user a proved address more, and forget the mail about that."""
    address = add_email(user, email, confirmed=True)
    OutgoingMail.objects.all().delete()
    return address


@pytest.fixture
def news():
    """Collect the names of the signals about addresses."""
    heard, receivers = [], []
    for name in ("email_added", "email_confirmed", "primary_email_changed", "email_removed"):

        def hear(name=name, **kwargs):
            heard.append(name)

        receivers.append((getattr(signals, name), hear))
    for signal, receiver in receivers:
        signal.connect(receiver)
    yield heard
    for signal, receiver in receivers:
        signal.disconnect(receiver)


# Add


def test_an_added_address_is_a_claim_until_its_link_is_used(django_capture_on_commit_callbacks):
    user = make_user("frida")

    with django_capture_on_commit_callbacks(execute=True):
        address = add_email(user, "second@example.com")

    [mail] = mails_to("second@example.com")
    secret = OneTimeSecret.objects.get()
    assert not address.is_confirmed
    assert link_in(mail) == f"/accounts/confirm-email/{link_of(secret)}/"
    assert confirm_email(peek(CONFIRM_EMAIL, link_of(secret))).is_confirmed
    assert primaries_of(user) == ["frida@example.com"]


@pytest.mark.asvs("2.3.1")
def test_an_added_address_is_in_force_nowhere_before_it_is_proved():
    user = make_user("frida")

    add_email(user, "second@example.com")

    stored = get_user_model().objects.get(pk=user.pk)
    assert user.email == stored.email == "frida@example.com"
    assert primaries_of(user) == ["frida@example.com"]
    assert [row.email for row in UserEmail.objects.confirmed()] == ["frida@example.com"]


def test_adding_leaves_one_event_and_one_mail(news, django_capture_on_commit_callbacks):
    user = make_user("frida")

    with django_capture_on_commit_callbacks(execute=True):
        add_email(user, "Second@example.com")

    event = AccountEvent.objects.get()
    assert (event.kind, event.user, event.actor) == ("email_added", user, user)
    assert event.details == {"address": "Second@example.com", "confirmed": False}
    assert kinds_told_to("Second@example.com") == ["confirm_email"]
    assert news == ["email_added"]


def test_an_address_that_is_vouched_for_is_proved_and_first_becomes_primary(
    news, django_capture_on_commit_callbacks
):
    boss, user = make_user("boss"), make_user("frida", confirmed=False)

    with django_capture_on_commit_callbacks(execute=True):
        address = add_email(user, "known@example.com", confirmed=True, by=boss)

    assert (address.is_confirmed, address.is_primary) == (True, True)
    assert user.email == "known@example.com"
    assert user.has_confirmed_email
    user.refresh_from_db()
    assert user.email == "known@example.com"
    event = AccountEvent.objects.get()
    assert (event.kind, event.actor) == ("email_added", boss)
    assert event.details == {"address": "known@example.com", "confirmed": True}
    assert not OutgoingMail.objects.exists()
    assert news == ["email_added", "email_confirmed"]


def test_a_second_address_that_is_vouched_for_leaves_the_primary_one_which_is_told():
    user = make_user("frida")

    address = add_email(user, "second@example.com", confirmed=True)

    assert address.is_primary is None
    assert primaries_of(user) == [user.email] == ["frida@example.com"]
    assert kinds_told_to("frida@example.com") == ["email_added"]
    assert kinds_told_to("second@example.com") == []


def test_a_claim_that_waits_is_proved_by_who_vouches_for_it(
    news, django_capture_on_commit_callbacks
):
    boss, user = make_user("boss"), make_user("frida", confirmed=False)

    with django_capture_on_commit_callbacks(execute=True):
        address = add_email(user, "FRIDA@example.com", confirmed=True, by=boss)

    assert texts_of(user) == {"frida@example.com"}
    assert address.is_confirmed and address.is_primary
    assert [event.kind for event in AccountEvent.objects.all()] == ["email_confirmed"]
    assert news == ["email_confirmed"]


@pytest.mark.parametrize("email", ["frida@example.com", "FRIDA@EXAMPLE.COM"])
@pytest.mark.parametrize("confirmed", [True, False])
def test_an_address_is_part_of_an_account_once(email, confirmed):
    user = make_user("frida")

    with pytest.raises(EmailAlreadyYours):
        add_email(user, email, confirmed=confirmed)

    assert UserEmail.objects.count() == 1
    assert not AccountEvent.objects.exists()


def test_a_claim_is_not_added_again():
    user = make_user("frida", confirmed=False)

    with pytest.raises(EmailAlreadyYours):
        add_email(user, "frida@example.com")


@pytest.mark.parametrize("confirmed", [True, False])
def test_an_administrator_is_told_whose_an_address_is_not(confirmed):
    boss, user, owner = make_user("boss"), make_user("frida"), make_user("owner")

    with pytest.raises(EmailTaken):
        add_email(user, owner.email, confirmed=confirmed, by=boss)

    assert texts_of(user) == {"frida@example.com"}
    assert not OutgoingMail.objects.exists()


def test_a_user_does_not_learn_that_an_address_has_an_owner_but_the_owner_does():
    user, owner = make_user("frida"), make_user("owner")

    address = add_email(user, "owner@example.com")
    free = add_email(user, "free@example.com")

    assert (address.is_confirmed, free.is_confirmed) == (False, False)
    assert kinds_told_to("owner@example.com") == ["already_registered"]
    assert OutgoingMail.objects.get(to="owner@example.com").user == owner
    assert kinds_told_to("free@example.com") == ["confirm_email"]


def test_what_is_no_address_is_refused():
    with pytest.raises(InvalidEmail):
        add_email(make_user(), "no address")


def test_a_user_has_mail_sent_to_an_address_only_so_often_but_an_administrator_does():
    boss = make_user("boss")
    for number in range(5):
        add_email(make_user(f"user{number}"), "popular@example.com")

    with pytest.raises(TooManyAttempts):
        add_email(make_user("last"), "popular@example.com")
    add_email(make_user("helped"), "popular@example.com", by=boss)

    assert UserEmail.objects.addressed("popular@example.com").count() == 6


# Make primary


def test_the_copy_of_the_user_follows_the_primary_address(news, django_capture_on_commit_callbacks):
    user = make_user("frida")
    second = another(user)
    AccountEvent.objects.all().delete()

    with django_capture_on_commit_callbacks(execute=True):
        make_primary(second)

    assert primaries_of(user) == ["second@example.com"]
    user.refresh_from_db()
    assert user.email == second.user.email == "second@example.com"
    event = AccountEvent.objects.get()
    assert (event.kind, event.user, event.actor) == ("primary_email_changed", user, user)
    assert event.details == {"from": "frida@example.com", "to": "second@example.com"}
    assert kinds_told_to("frida@example.com") == ["primary_email_changed"]
    assert kinds_told_to("second@example.com") == []
    assert news[-1] == "primary_email_changed"


def test_who_does_it_for_somebody_stands_in_the_event():
    boss, user = make_user("boss"), make_user("frida")

    make_primary(another(user), by=boss)

    assert AccountEvent.objects.get(kind="primary_email_changed").actor == boss


def test_an_address_that_nobody_proved_cannot_be_primary():
    user = make_user("frida")
    claim = add_email(user, "second@example.com")

    with pytest.raises(EmailNotConfirmed) as refused:
        make_primary(claim)

    assert refused.value.messages == [
        "Only a confirmed e-mail address can be the primary one. Confirm it first."
    ]
    assert primaries_of(user) == ["frida@example.com"]


def test_making_the_primary_address_primary_changes_nothing():
    user = make_user("frida")

    make_primary(UserEmail.objects.get())

    assert primaries_of(user) == ["frida@example.com"]
    assert not AccountEvent.objects.exists()
    assert not OutgoingMail.objects.exists()


# Remove


def test_the_address_and_the_primary_one_are_told_of_a_removal(
    news, django_capture_on_commit_callbacks
):
    user = make_user("frida")
    second = another(user)
    AccountEvent.objects.all().delete()

    with django_capture_on_commit_callbacks(execute=True):
        remove_email(second)

    assert texts_of(user) == {"frida@example.com"}
    event = AccountEvent.objects.get()
    assert (event.kind, event.user, event.actor) == ("email_removed", user, user)
    assert event.details == {"address": "second@example.com"}
    assert kinds_told_to("second@example.com") == ["email_removed"]
    assert kinds_told_to("frida@example.com") == ["email_removed"]
    assert news[-1] == "email_removed"


def test_of_a_removed_claim_nobody_is_told_since_it_was_no_part_of_the_account():
    user = make_user("frida")
    claim = UserEmail.objects.add_claim(user, "stranger@example.com")

    remove_email(claim)

    assert kinds_told_to("stranger@example.com") == []
    assert kinds_told_to("frida@example.com") == []
    assert AccountEvent.objects.get().kind == "email_removed"


def test_after_the_primary_address_comes_the_one_that_was_proved_first():
    user = make_user("frida")
    first = UserEmail.objects.get()
    newer, older = another(user, "newer@example.com"), another(user, "older@example.com")
    UserEmail.objects.add_claim(user, "claim@example.com")
    long_ago = timezone.now() - timedelta(days=700)
    UserEmail.objects.filter(pk=older.pk).update(confirmed_at=long_ago)

    remove_email(first)

    assert primaries_of(user) == ["older@example.com"]
    user.refresh_from_db()
    assert user.email == "older@example.com"
    assert first.user.email == "older@example.com"
    assert UserEmail.objects.filter(pk=newer.pk).exists()
    assert kinds_told_to("frida@example.com") == ["email_removed"]
    assert kinds_told_to("older@example.com") == ["email_removed"]


def test_the_last_confirmed_address_stays():
    user = make_user("frida")
    UserEmail.objects.add_claim(user, "claim@example.com")

    with pytest.raises(LastEmail):
        remove_email(UserEmail.objects.confirmed().get())

    assert len(texts_of(user)) == 2
    assert not AccountEvent.objects.exists()


def test_a_claim_may_go_even_if_nothing_is_left():
    user = make_user("frida", confirmed=False)

    remove_email(UserEmail.objects.get())

    assert texts_of(user) == set()


def test_removing_twice_is_removing_once():
    user = make_user("frida")
    second = another(user)
    copy = UserEmail.objects.get(pk=second.pk)
    remove_email(second)

    remove_email(copy)

    assert AccountEvent.objects.filter(kind="email_removed").count() == 1
    assert texts_of(user) == {"frida@example.com"}


@pytest.mark.parametrize("purpose", [CONFIRM_EMAIL, RESET_PASSWORD])
def test_the_links_of_an_address_go_with_it(purpose):
    user = make_user("frida")
    second = another(user)
    link = link_of(issue(purpose, address=second))

    remove_email(second)

    with pytest.raises(LinkInvalid):
        peek(purpose, link)


# Two at once


def separately(flow, address, *refusals):
    """Return an act for a thread: the flow on a connection of its own, and whether it went well."""

    def act():
        try:
            flow(UserEmail.objects.get(pk=address.pk))
        except refusals:
            return False
        finally:
            connection.close()
        return True

    return act


@pytest.mark.django_db(transaction=True)
def test_S5_E5_two_who_remove_the_last_two_addresses_at_once_leave_one():
    with lifted_limits():
        for number in range(10):
            user = make_user(f"frida{number}")
            first, second = UserEmail.objects.get(user=user), another(user, f"{number}@example.com")

            done = at_once(*(separately(remove_email, row, LastEmail) for row in (first, second)))

            assert sorted(done) == [False, True]
            [left] = UserEmail.objects.filter(user=user)
            assert left.is_confirmed and left.is_primary
            assert get_user_model().objects.get(pk=user.pk).email == left.email


@pytest.mark.django_db(transaction=True)
def test_E6_two_who_make_two_addresses_primary_at_once_leave_one_primary():
    for number in range(10):
        user = make_user(f"frida{number}")
        rows = [another(user, f"{name}{number}@example.com") for name in "ab"]

        done = at_once(*(separately(make_primary, row) for row in rows))

        assert done == [True, True]
        assert primaries_of(user) == [get_user_model().objects.get(pk=user.pk).email]
        assert AccountEvent.objects.filter(kind="primary_email_changed", user=user).count() == 2


@pytest.mark.django_db(transaction=True)
def test_making_primary_what_somebody_removes_at_once_leaves_one_primary():
    for number in range(10):
        user = make_user(f"frida{number}")
        second = another(user, f"second{number}@example.com")

        at_once(
            separately(make_primary, second, EmailNotConfirmed, UserEmail.DoesNotExist),
            separately(remove_email, second, UserEmail.DoesNotExist),
        )

        assert primaries_of(user) == [f"frida{number}@example.com"]
        assert get_user_model().objects.get(pk=user.pk).email == f"frida{number}@example.com"


@pytest.mark.django_db(transaction=True)
def test_S7_two_accounts_that_are_given_one_address_at_once_leave_one_owner():
    def giving(user, email):
        def act():
            try:
                add_email(user, email, confirmed=True)
            except EmailTaken:
                return False
            finally:
                connection.close()
            return True

        return act

    for number in range(10):
        users = [make_user(f"{name}{number}") for name in ("one", "two")]

        done = at_once(*(giving(user, f"same{number}@example.com") for user in users))

        assert sorted(done) == [False, True]
        assert UserEmail.objects.addressed(f"same{number}@example.com").count() == 1
