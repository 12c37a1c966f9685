"""S. Races about addresses: added, removed, made primary and taken back at the same moment."""

import pytest
from django.contrib.auth import get_user_model

from django_useraccounts.emails.flows import add_email
from django_useraccounts.models import AccountEvent, OneTimeSecret, UserEmail
from django_useraccounts.secrets import CONFIRM_EMAIL, UNDO_EMAIL_CHANGE, issue
from django_useraccounts.testing import make_user
from tests.attacks.browsers import url
from tests.attacks.races import at_once
from tests.attacks.test_S_races import posting, repeatedly, surfers

pytestmark = pytest.mark.django_db(transaction=True)

__all__ = ["surfers"]  # a fixture

User = get_user_model()


def maria_at(*browsers):
    """Make maria with two confirmed addresses, logged in at each of the browsers."""
    maria = make_user("maria")
    add_email(maria, "second@example.com", confirmed=True)
    for browser in browsers:
        browser.be(maria)
    return maria, *UserEmail.objects.order_by("pk")


def primary_of(user):
    user.refresh_from_db()
    return UserEmail.objects.get(user=user, is_primary=True).email, user.email


def test_S5_E5_of_the_last_two_confirmed_addresses_one_stays(surfers):
    one, two = surfers(2)
    for _ in repeatedly():
        maria, first, second = maria_at(one, two)

        answers = at_once(
            posting(one, url("remove_email", first.pk)),
            posting(two, url("remove_email", second.pk)),
        )

        assert sorted(answer.status for answer in answers) == [200, 302]
        [left] = UserEmail.objects.all()
        assert left.is_confirmed
        assert primary_of(maria) == (left.email, left.email)


def test_E6_two_addresses_made_primary_at_once_leave_one_primary(surfers):
    one, two = surfers(2)
    for _ in repeatedly():
        maria, _first, second = maria_at(one, two)
        third = add_email(maria, "third@example.com", confirmed=True)

        answers = at_once(
            posting(one, url("make_primary_email", second.pk)),
            posting(two, url("make_primary_email", third.pk)),
        )

        assert [answer.status for answer in answers] == [302, 302]
        primary, shown = primary_of(maria)
        assert primary == shown
        assert primary in {"second@example.com", "third@example.com"}
        assert AccountEvent.objects.filter(kind="primary_email_changed").count() == 2


def test_S_what_is_removed_while_it_is_made_primary_is_gone(surfers):
    one, two = surfers(2)
    for _ in repeatedly():
        maria, first, second = maria_at(one, two)

        answers = at_once(
            posting(one, url("make_primary_email", second.pk)),
            posting(two, url("remove_email", second.pk)),
        )

        assert answers[0].status in {200, 302, 404}
        assert answers[1].status == 302
        assert primary_of(maria) == (first.email, first.email)


def test_S_a_claim_that_is_removed_and_disowned_at_once_goes_once(surfers):
    owner, reader = surfers(2)
    for _ in repeatedly():
        maria, *_proved = maria_at(owner)
        claim = UserEmail.objects.add_claim(maria, "third@example.com")
        page = reader.hold(issue(CONFIRM_EMAIL, address=claim))

        at_once(
            posting(owner, url("remove_email", claim.pk)), posting(reader, page, answer="not_me")
        )

        assert not UserEmail.objects.filter(pk=claim.pk).exists()
        assert (
            AccountEvent.objects.filter(kind__in=("email_removed", "email_disowned")).count() == 1
        )


def test_E9_fifty_added_at_once_leave_no_more_than_the_limit(surfers):
    browsers = surfers(50)
    for _ in repeatedly():
        maria, *_rows = maria_at(*browsers)

        answers = at_once(
            *(
                posting(browser, url("add_email"), email=f"a{number}@example.com")
                for number, browser in enumerate(browsers)
            )
        )

        assert sorted(answer.status for answer in answers) == [200] * 47 + [302] * 3
        assert UserEmail.objects.filter(user=maria).count() == 5


@pytest.mark.parametrize("most", [5, 1])
def test_S8_two_changes_at_once_prove_only_the_address_whose_link_is_used(surfers, set_conf, most):
    set_conf(EMAILS_PER_USER=most)
    one, two = surfers(2)
    for _ in repeatedly():
        maria = make_user("maria")
        for browser in (one, two):
            browser.be(maria)

        answers = at_once(
            posting(one, url("add_email"), email="own@example.net"),
            posting(two, url("add_email"), email="victim@example.com"),
        )
        for secret in OneTimeSecret.objects.filter(address__email="own@example.net"):
            one.post(one.hold(secret), {"answer": "confirm"})

        assert [answer.status for answer in answers] == [302, 302]
        assert not UserEmail.objects.confirmed().addressed("victim@example.com").exists()


@pytest.mark.parametrize("most", [5, 1])
def test_S8_E1_a_link_that_is_used_while_the_wish_changes_proves_nothing_else(
    surfers, set_conf, most
):
    set_conf(EMAILS_PER_USER=most)
    reader, thief = surfers(2)
    for _ in repeatedly():
        maria = make_user("maria")
        claim = add_email(maria, "own@example.net")
        thief.be(maria)
        page = reader.hold(OneTimeSecret.objects.get(address=claim))

        confirmed, added = at_once(
            posting(reader, page, answer="confirm"),
            posting(thief, url("add_email"), email="victim@example.com"),
        )

        assert confirmed.status in {302, 404, 410}
        assert added.status == 302
        assert not UserEmail.objects.confirmed().addressed("victim@example.com").exists()
        primary, shown = primary_of(maria)
        assert primary == shown != "victim@example.com"


def test_S_an_undo_and_a_change_at_once_leave_the_addresses_of_before(surfers):
    reader, thief = surfers(2)
    for _ in repeatedly():
        maria, _first, second = maria_at(thief)
        secret = issue(
            UNDO_EMAIL_CHANGE,
            address=UserEmail.objects.get(email="maria@example.com"),
            pending="maria@example.com 2026-01-01T00:00:00+0000",
        )
        secret.refresh_from_db()
        page = reader.hold(secret)

        undone, changed = at_once(
            posting(reader, page), posting(thief, url("make_primary_email", second.pk))
        )

        assert undone.status == 302
        assert changed.status in {200, 302, 403, 404}
        assert [row.email for row in UserEmail.objects.all()] == ["maria@example.com"]
        assert primary_of(maria) == ("maria@example.com", "maria@example.com")


def test_S_one_undo_link_used_twice_at_once_works_once(surfers):
    one, two = surfers(2)
    for _ in repeatedly():
        maria_at()
        secret = issue(
            UNDO_EMAIL_CHANGE,
            address=UserEmail.objects.get(email="maria@example.com"),
            pending="maria@example.com 2026-01-01T00:00:00+0000",
        )
        secret.refresh_from_db()
        pages = [browser.hold(secret) for browser in (one, two)]

        answers = at_once(posting(one, pages[0]), posting(two, pages[1]))

        assert sorted(answer.status for answer in answers) == [302, 410]
        assert AccountEvent.objects.filter(kind="email_change_undone").count() == 1
        assert OneTimeSecret.objects.filter(purpose="reset_password").count() == 1
