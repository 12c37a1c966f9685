"""The invariants see what is broken: each of these states is one that no flow leaves behind."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db.models import F
from django.test import Client
from django.utils import timezone

from django_useraccounts.leaving.flows import close_account, request_export
from django_useraccounts.memberships.flows import record_payment
from django_useraccounts.memberships.models import Membership, Payment
from django_useraccounts.models import AccountEvent, OutgoingMail, UserEmail
from django_useraccounts.passwords.flows import change_password
from django_useraccounts.testing import PASSWORD, log_in, make_user
from tests.invariants import broken
from tests.memberships.conftest import make_plan

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

User = get_user_model()


def lose_the_primary() -> None:
    UserEmail.objects.update(is_primary=None)


def show_another() -> None:
    User.objects.update(email="other@example.com")


def lose_all_addresses() -> None:
    AccountEvent.objects.record("email_confirmed", user=User.objects.get())
    User.objects.update(email="")
    UserEmail.objects.all().delete()


def switch_off_without_event() -> None:
    AccountEvent.objects.record("switched_on", user=User.objects.get())
    User.objects.update(is_active=False)


def end_sessions_without_event() -> None:
    User.objects.update(session_epoch=F("session_epoch") + 1)


def forget_to_tell() -> None:
    OutgoingMail.objects.all().delete()


def reset_without_link() -> None:
    AccountEvent.objects.record("password_reset", user=User.objects.get())


def lose_the_proof_of_a_living_session() -> None:
    log_in(Client(), User.objects.get())
    UserEmail.objects.update(verified_key=None, is_primary=None)
    User.objects.update(email="")


def hold_the_hash_in_a_session() -> None:
    user = User.objects.get()
    session = log_in(Client(), user).session
    session["kept"] = user.password
    session.save()


def pack_for_who_has_closed() -> None:
    request_export(User.objects.get())
    User.objects.update(erase_at=timezone.now())


def leave_nobody_to_administer() -> None:
    details = {"is_staff": {"from": True, "to": False}, "is_superuser": {"from": False, "to": True}}
    AccountEvent.objects.record("rights_changed", user=User.objects.get(), details=details)
    User.objects.update(is_superuser=True, is_staff=False)


def give_the_role_of_what_was_refunded() -> None:
    record_payment(User.objects.get(), make_plan(), timezone.now() + timedelta(days=30))
    assert broken() == []
    Payment.objects.update(state=Payment.State.REFUNDED)


def give_the_role_of_what_has_ended() -> None:
    record_payment(User.objects.get(), make_plan(), timezone.now() + timedelta(days=30))
    Membership.objects.update(state=Membership.State.ENDED)


@pytest.mark.parametrize(
    "breaks, words",
    [
        (lose_the_primary, "none is primary"),
        (show_another, "shows “other@example.com”"),
        (lose_all_addresses, "has lost the last proved address"),
        (switch_off_without_event, "is_active is False"),
        (end_sessions_without_event, "the epoch is 2"),
        (forget_to_tell, "was told 0 times of 1"),
        (reset_without_link, "password_reset 1 times by 0 links"),
        (lose_the_proof_of_a_living_session, "who has proved no address, works"),
        (hold_the_hash_in_a_session, "holds the hash of the password"),
        (pack_for_who_has_closed, "who has closed the account, waits"),
        (leave_nobody_to_administer, "nobody may administer the site"),
        (give_the_role_of_what_was_refunded, "(refunded) still gives its role"),
        (give_the_role_of_what_has_ended, "(paid) still gives its role"),
    ],
    ids=lambda part: getattr(part, "__name__", None),
)
def test_what_is_broken_is_said(breaks: Callable[[], None], words: str) -> None:
    user = make_user("maria")
    change_password(user, old_password=PASSWORD, new_password="a brand new password of mine")
    assert broken() == []

    breaks()

    assert any(words in line for line in broken()), broken()


def test_all_is_well_after_leaving_and_without_anybody() -> None:
    assert broken() == []
    maria = make_user("maria", roles=["artist"])
    log_in(Client(), maria)

    close_account(maria)

    assert Session.objects.exists()
    assert broken() == []
