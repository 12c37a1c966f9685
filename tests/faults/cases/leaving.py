"""Somebody leaves, comes back, takes the data along, or is forgotten."""

from datetime import timedelta

from django.contrib.auth import get_user_model
from django.utils import timezone

from django_useraccounts.emails.flows import add_email
from django_useraccounts.leaving.flows import (
    close_account,
    erase_account,
    erase_due,
    fetch_export,
    make_due_exports,
    reopen_account,
    request_export,
)
from django_useraccounts.login.flows import log_in
from django_useraccounts.models import AbstractUser, UserEmail
from django_useraccounts.policy import Policy
from django_useraccounts.secrets import CONFIRM_EMAIL, UNDO_EMAIL_CHANGE, issue
from django_useraccounts.testing import PASSWORD, make_user
from tests.faults.cases.login import request_of
from tests.faults.harness import Act, case


class Keeping(Policy):
    def leaving(self, user: AbstractUser) -> str:
        return "anonymise"


def maria_with_all() -> AbstractUser:
    """Make somebody with two addresses, a claim, links, a role and a session."""
    maria = make_user("maria", roles=["artist"])
    second = add_email(maria, "second@example.com", confirmed=True)
    claim = UserEmail.objects.add_claim(maria, "claim@example.com")
    issue(CONFIRM_EMAIL, address=claim)
    issue(UNDO_EMAIL_CHANGE, address=second, pending="x")
    request_of(maria)
    return maria


def over(*users: AbstractUser) -> None:
    """Let the time be over in which they could come back."""
    minute_ago = timezone.now() - timedelta(minutes=1)
    for user in users:
        close_account(user)
        get_user_model().objects.filter(pk=user.pk).update(erase_at=minute_ago)


@case(close_account)
def in_all_browsers() -> Act:
    request = request_of(maria_with_all())
    return lambda: close_account(request.user, reason="Too loud.", request=request)


@case(close_account)
def by_an_administrator() -> Act:
    boss, maria = make_user("boss", is_superuser=True), maria_with_all()
    return lambda: close_account(maria, by=boss)


@case(reopen_account)
def in_time() -> Act:
    maria = maria_with_all()
    close_account(maria)
    return lambda: reopen_account(maria)


@case(log_in)
def who_had_closed_the_account() -> Act:
    close_account(maria_with_all())
    request = request_of()
    return lambda: log_in("maria", password=PASSWORD, request=request)


@case(erase_account)
def with_everything() -> Act:
    maria = maria_with_all()
    return lambda: erase_account(maria)


@case(erase_account, POLICY=f"{__name__}.Keeping")
def but_a_row_without_a_name() -> Act:
    maria = maria_with_all()
    return lambda: erase_account(maria)


def erase(username: str) -> Act:
    return lambda: erase_account(get_user_model().objects.get(username=username))


@case(erase_due, between=(erase("ada"),), apart=(erase("frida"),))
def two_who_left() -> Act:
    over(make_user("ada"), make_user("frida"))
    return lambda: erase_due(batch=1)


@case(request_export, MAIL_DELIVERY="command")
def instead_of_an_older_one() -> Act:
    maria = make_user("maria")
    request_export(maria)
    return lambda: request_export(maria)


@case(make_due_exports, MAIL_DELIVERY="command")
def that_waits() -> Act:
    request_export(make_user("maria"))
    return lambda: make_due_exports(limit=10)


@case(fetch_export, MAIL_DELIVERY="command")
def that_is_ready() -> Act:
    maria = make_user("maria")
    export = request_export(maria)
    make_due_exports(limit=10)
    return lambda: fetch_export(export.secret, maria)
