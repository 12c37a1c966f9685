"""What a login by a provider costs at the database: statements of the session engine apart."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_useraccounts.social.flows import connect
from django_useraccounts.social.identities import Identity
from django_useraccounts.testing import make_user
from tests.social.visits import HANNAH, ISSUER, arrive, begin, url, user_of

pytestmark = pytest.mark.django_db

#: A session in the database that begins, or goes on under another key, costs Django this.
OF_THE_SESSION = "django_session"


@pytest.fixture(autouse=True)
def _deliver_elsewhere(set_conf):
    set_conf(MAIL_DELIVERY="command")


@pytest.fixture
def hannah():
    hannah = make_user("hannah", HANNAH["email"], language="en")
    connect(hannah, Identity("guild", ISSUER, HANNAH["sub"], email=HANNAH["email"]))
    return hannah


def ours(captured):
    statements = [query["sql"] for query in captured.captured_queries]
    return [sql for sql in statements if OF_THE_SESSION not in sql and "SAVEPOINT" not in sql]


def test_to_go_to_a_provider_costs_one_query(client, provider):
    with CaptureQueriesContext(connection) as captured:
        begin(client)

    assert len(ours(captured)) == 1, ours(captured)


def test_to_come_back_as_who_is_known_costs_four_queries(client, provider, hannah):
    callback = provider.agree(begin(client))

    with CaptureQueriesContext(connection) as captured:
        response = client.get(callback)

    assert user_of(client) == str(hannah.pk)
    assert response.status_code == 302
    assert len(ours(captured)) == 4, ours(captured)


def test_to_come_back_as_somebody_new_costs_four_queries(client, provider):
    callback = provider.agree(begin(client))

    with CaptureQueriesContext(connection) as captured:
        client.get(callback)

    assert len(ours(captured)) == 4, ours(captured)


def test_to_open_the_account_costs_seventeen_queries(client, provider):
    arrive(client, provider)
    data = {"username": "hannah", "email": HANNAH["email"]}

    with CaptureQueriesContext(connection) as captured:
        client.post(url("complete_registration"), data)

    assert user_of(client)
    assert len(ours(captured)) == 17, ours(captured)


def test_an_answer_that_was_not_asked_for_costs_two_queries(provider):
    with CaptureQueriesContext(connection) as captured:
        response = Client().get(url("social_callback", "guild"), {"state": "x", "code": "y"})

    assert response.status_code == 400
    assert len(ours(captured)) == 2, ours(captured)
