"""What is compiled once answers as the ORM does, which compiles each time."""

import pytest
from django.contrib.auth import get_user_model
from django.db.models import Value
from django.utils import timezone

from django_useraccounts import backends, mail, secrets
from django_useraccounts.compiled import compiled
from django_useraccounts.mail import announce
from django_useraccounts.models import OneTimeSecret, OutgoingMail, UserEmail
from django_useraccounts.passwords import flows as passwords
from django_useraccounts.secrets import RESET_PASSWORD, issue
from django_useraccounts.testing import make_user
from django_useraccounts.undeliverable import report_undeliverable

pytestmark = pytest.mark.django_db

#: The statements, and whose they are.
STATEMENTS = [
    (backends._of_session, backends),
    (backends._of_username, backends),
    (backends._of_address, backends),
    (secrets._of_link, secrets),
    (passwords._of_owner, passwords),
    (mail._of_due, mail),
]


@pytest.fixture
def keys():
    """A row for each statement, and the values that find it."""
    user = make_user("frida", "frida@example.com", roles=["artist"])
    address = user.emails.get()
    secret = issue(RESET_PASSWORD, address=address)
    sent = announce("reset_password", to=address.email, user=user, secret=secret)
    report_undeliverable(address.email, state="failing")
    moment = timezone.now()
    return {
        backends._of_session: {"key": user.pk, "moment": moment},
        backends._of_username: {"key": "frida-", "moment": moment},
        backends._of_address: {"key": "frida@example.com", "moment": moment},
        secrets._of_link: {"key": secret.pk, "purpose": "reset_password"},
        passwords._of_owner: {"key": "frida@example.com", "moment": moment},
        mail._of_due: {"key": sent.pk, "moment": moment},
    }


def facts(row):
    """Return all that an object has, and of what is loaded with it."""
    related = {name: facts(one) for name, one in row._state.fields_cache.items() if one}
    own = {name: value for name, value in vars(row).items() if name != "_state"}
    return {"own": own, "related": related, "using": row._state.db, "new": row._state.adding}


def model_of(make):
    models = {secrets._of_link: OneTimeSecret, passwords._of_owner: UserEmail}
    return {**models, mail._of_due: OutgoingMail}.get(make, get_user_model())


@pytest.mark.parametrize("make, module", STATEMENTS, ids=lambda it: getattr(it, "__name__", ""))
def test_a_compiled_statement_loads_what_the_orm_loads(make, module, keys, monkeypatch):
    values, model = keys[make], model_of(make)

    found = compiled(make, model).first(**values)

    # the same query, with the values in it
    monkeypatch.setattr(module, "Slot", lambda name, field: Value(values[name], field))
    [same] = make(model._default_manager.all())
    assert facts(found) == facts(same)


@pytest.mark.parametrize("make, module", STATEMENTS, ids=lambda it: getattr(it, "__name__", ""))
def test_a_compiled_statement_is_compiled_once_and_runs_alone(
    make, module, keys, django_assert_num_queries
):
    statement = compiled(make, model_of(make))

    with django_assert_num_queries(1):
        assert compiled(make, model_of(make)) is statement
        assert statement.first(**keys[make])
