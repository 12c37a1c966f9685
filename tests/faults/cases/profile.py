"""What an account is called, and what it says of its user."""

from django_useraccounts.profile.flows import change_username, edit_profile
from django_useraccounts.testing import make_user
from tests.faults.harness import Act, case


@case(change_username)
def to_a_free_one() -> Act:
    maria = make_user("maria")
    return lambda: change_username(maria, "maria_s")


@case(change_username)
def back_to_the_old_one() -> Act:
    maria = make_user("maria")
    change_username(maria, "maria_s")
    return lambda: change_username(maria, "maria")


@case(edit_profile)
def two_columns() -> Act:
    maria = make_user("maria", first_name="M.")
    return lambda: edit_profile(maria, {"first_name": "Maria", "last_name": "Sibylla"})
