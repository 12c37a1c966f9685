"""Passwords are changed, set, and reset by mail."""

from django_useraccounts.models import UserEmail
from django_useraccounts.passwords.flows import (
    change_password,
    forgot_password,
    reset_password,
    set_password,
)
from django_useraccounts.secrets import RESET_PASSWORD, issue, link_of, peek
from django_useraccounts.testing import PASSWORD, make_user
from tests.faults.cases.login import request_of
from tests.faults.harness import NEW_PASSWORD, Act, case


@case(change_password)
def by_code() -> Act:
    maria = make_user("maria")
    return lambda: change_password(maria, old_password=PASSWORD, new_password=NEW_PASSWORD)


@case(change_password)
def in_a_session_which_goes_on() -> Act:
    maria = make_user("maria")
    request = request_of(maria)
    return lambda: change_password(
        maria, old_password=PASSWORD, new_password=NEW_PASSWORD, request=request
    )


@case(set_password)
def the_first_one_in_a_session_which_goes_on() -> Act:
    maria = make_user("maria", password=None)
    request = request_of(maria)
    return lambda: set_password(maria, new_password=NEW_PASSWORD, request=request)


@case(forgot_password)
def of_a_proved_address() -> Act:
    issue(RESET_PASSWORD, address=make_user("maria").emails.get())
    return lambda: forgot_password("maria@example.com", next_url="/gallery/")


@case(forgot_password)
def of_an_address_that_nobody_has() -> Act:
    return lambda: forgot_password("nobody@example.com")


@case(reset_password)
def of_somebody_with_a_claim_and_a_session() -> Act:
    maria = make_user("maria")
    request_of(maria)
    row = issue(RESET_PASSWORD, address=maria.emails.get())
    UserEmail.objects.add_claim(maria, "second@example.com")
    secret = peek(RESET_PASSWORD, link_of(row))
    return lambda: reset_password(secret, new_password=NEW_PASSWORD)
