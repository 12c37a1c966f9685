"""Somebody accepts the terms of service."""

from django_useraccounts.registration.flows import register
from django_useraccounts.terms.flows import accept_terms
from django_useraccounts.testing import PASSWORD, make_user
from tests.faults.harness import Act, case


@case(accept_terms, TERMS_VERSION="2")
def that_have_changed() -> Act:
    maria = make_user("maria", terms_version="1")
    return lambda: accept_terms(maria, "2")


@case(register, TERMS_VERSION="2")
def with_the_terms_accepted() -> Act:
    return lambda: register(
        "frida", email="frida@example.com", password=PASSWORD, terms_version="2"
    )
