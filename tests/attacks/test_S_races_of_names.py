"""S. Races about names: changed, given up, taken and registered at the same moment."""

import pytest
from django.contrib.auth import get_user_model
from django.core import mail

from django_useraccounts.models import AccountEvent, OldUsername, UserEmail
from django_useraccounts.testing import make_user
from tests.attacks.browsers import NEW_PASSWORD, VICTIM, url
from tests.attacks.races import at_once
from tests.attacks.test_S_races import posting, registering, repeatedly, surfers

pytestmark = pytest.mark.django_db(transaction=True)

__all__ = ["surfers"]  # a fixture

User = get_user_model()


def renaming(surfer, username):
    return posting(surfer, url("change_username"), username=username)


def test_S1_a_name_that_is_given_up_cannot_be_registered_at_that_moment(surfers):
    maria, stranger = surfers(2)
    for _ in repeatedly():
        maria.be(make_user("maria"))

        changed, registered = at_once(
            renaming(maria, "curie"), registering(stranger, "maria", "other@example.com")
        )

        assert changed.status == 302
        assert registered.status == 200
        assert "is taken" in registered.text
        assert User.objects.get().username == "curie"
        OldUsername.objects.all().delete()


def test_S1_one_name_taken_by_two_at_once_has_one_owner(surfers):
    one, two = surfers(2)
    for _ in repeatedly():
        one.be(make_user("maria"))
        two.be(make_user("frida"))

        answers = at_once(renaming(one, "curie"), renaming(two, "Curie"))

        assert sorted(answer.status for answer in answers) == [200, 302]
        assert User.objects.filter(username_key="curie-").count() == 1
        assert AccountEvent.objects.filter(kind="username_changed").count() == 1
        # Who lost still has the old name, and it is reserved for nobody.
        assert OldUsername.objects.count() == 1
        OldUsername.objects.all().delete()


def test_S1_two_names_for_one_user_at_once_reserve_only_the_old_one(surfers):
    one, two = surfers(2)
    for _ in repeatedly():
        user = make_user("maria")
        one.be(user)
        two.be(user)

        answers = at_once(renaming(one, "curie"), renaming(two, "marie"))

        user.refresh_from_db()
        names = set(OldUsername.objects.values_list("username_key", flat=True))
        if sorted(answer.status for answer in answers) == [200, 302]:
            assert names == {"maria-"}
        else:
            # One after the other: two changes.
            assert [answer.status for answer in answers] == [302, 302]
            assert "maria-" in names
        assert user.username_key not in names
        OldUsername.objects.all().delete()


def test_S1_two_who_swap_their_names_at_once_do_not(surfers):
    one, two = surfers(2)
    for _ in repeatedly():
        one.be(make_user("maria"))
        two.be(make_user("frida"))

        answers = at_once(renaming(one, "frida"), renaming(two, "maria"))

        assert [answer.status for answer in answers] == [200, 200]
        assert set(User.objects.values_list("username", flat=True)) == {"maria", "frida"}
        assert not OldUsername.objects.exists()


@pytest.mark.parametrize("confirm_first", [True, False])
def test_S1_one_form_without_username_sent_three_times_at_once_makes_one_account(
    surfers, settings, confirm_first
):
    settings.USERACCOUNTS = {
        **settings.USERACCOUNTS,
        "USERNAME": "off",
        "CONFIRM_EMAIL_BEFORE_LOGIN": confirm_first,
    }
    (surfer,) = surfers(1)
    page = url("register")
    for _ in repeatedly():
        surfer.be(None)
        surfer.get(page)

        data = {"email": VICTIM, "password": NEW_PASSWORD}
        answers = at_once(*[posting(surfer.click(), page, **data) for _ in range(3)])

        assert [answer.status for answer in answers] == [302] * 3
        assert len({answer.location for answer in answers}) == 1
        assert User.objects.count() == UserEmail.objects.count() == 1
        assert len(mail.outbox) == 1


def test_S1_one_form_without_address_sent_three_times_at_once_makes_one_account(surfers, settings):
    settings.USERACCOUNTS = {**settings.USERACCOUNTS, "EMAIL": "off"}
    (surfer,) = surfers(1)
    page = url("register")
    for _ in repeatedly():
        surfer.be(None)
        surfer.get(page)

        data = {"username": "maria", "password": NEW_PASSWORD}
        answers = at_once(*[posting(surfer.click(), page, **data) for _ in range(3)])

        assert [answer.status for answer in answers] == [302] * 3
        assert User.objects.count() == 1
        assert not mail.outbox


def test_S2_of_two_first_passwords_at_once_one_is_set(surfers):
    one, two = surfers(2)
    for _ in repeatedly():
        user = make_user("maria", password=None)
        one.be(user)
        two.be(user)
        page = url("set_password")

        answers = at_once(
            posting(one, page, new_password="the first of two passwords"),
            posting(two, page, new_password="the second of two passwords"),
        )

        # The loser's session has ended with the password of the winner, or is told so.
        assert sum(answer.location == url("profile") for answer in answers) == 1
        user.refresh_from_db()
        assert user.session_epoch == 1
        assert AccountEvent.objects.filter(kind="password_set").count() == 1
