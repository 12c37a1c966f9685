"""The people that a database makes by itself are such as the app could have made."""

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session

from benchmarks.scale.filling import fill
from django_useraccounts.canonical import clean_email, clean_username
from django_useraccounts.models import RoleGrant, UserEmail
from django_useraccounts.testing import make_user
from tests.invariants import broken

# Who fills a database closes the connection after it.
pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 500
#: What a site has a handful of, or none, whatever its size.
FEW = {"AccountExport", "EmailUser", "Role", "Plan"}


@pytest.fixture
def people():
    fill(PEOPLE)


def test_they_could_have_been_made_by_the_app(people, set_conf):
    set_conf(UNICODE_USERNAMES=True)

    assert broken() == []
    for user in get_user_model().objects.all():
        assert clean_username(user.username).text == user.username
    for address in UserEmail.objects.all():
        name = clean_email(address.email)
        assert (name.text, name.key) == (address.email, address.email_key)
    assert get_user_model().objects.count() == PEOPLE
    states = {(grant.is_over, grant.ends_at is None) for grant in RoleGrant.objects.all()}
    assert states == {(False, False), (False, True), (True, False)}
    # Keys go on behind theirs.
    assert make_user("newcomer").pk > PEOPLE


def test_every_table_that_grows_has_rows(people):
    ours = [
        model
        for model in apps.get_models()
        if model._meta.app_label.startswith("useraccounts") and model.__name__ not in FEW
    ]
    empty = [model.__name__ for model in [*ours, Session] if not model.objects.exists()]

    assert not empty
