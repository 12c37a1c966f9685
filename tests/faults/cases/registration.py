"""Somebody opens an account."""

from django_useraccounts.registration.flows import register
from django_useraccounts.testing import PASSWORD, make_user
from tests.faults.harness import NEW_PASSWORD, Act, case

FRIDA = "frida@example.com"


@case(register)
def the_first_account_of_the_site() -> Act:
    return lambda: register("frida", email=FRIDA, password=PASSWORD, browser_token="b")


@case(register)
def an_address_that_somebody_else_owns() -> Act:
    make_user("owner", FRIDA)
    return lambda: register("frida", email=FRIDA, password=PASSWORD, next_url="/gallery/")


@case(register)
def a_name_that_was_somebodys_claim() -> Act:
    make_user("maria", FRIDA, confirmed=False)
    return lambda: register("frida", email=FRIDA, password=PASSWORD)


@case(register)
def rows_of_the_project_besides() -> Act:
    def more(user: object) -> None:
        make_user("friend_of_frida")

    return lambda: register("frida", email=FRIDA, password=PASSWORD, then=more)


@case(register, EMAIL="off")
def a_site_without_addresses() -> Act:
    return lambda: register("frida", password=PASSWORD, fields={"first_name": "Frida"})


@case(register, USERNAME="off")
def somebody_else_at_the_same_browser_registers_the_same() -> Act:
    register(email=FRIDA, password=NEW_PASSWORD, browser_token="b")
    return lambda: register(email=FRIDA, password=PASSWORD, browser_token="b")
