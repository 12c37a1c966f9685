"""A request whose transaction the database has undone is made once more, as it came."""

import sqlite3
from contextlib import contextmanager

import pytest
from django.db import InterfaceError, OperationalError, connection, transaction
from django.urls import reverse

from django_useraccounts.models import AccountEvent, OneTimeSecret, User, UserEmail
from django_useraccounts.secrets import link_of
from django_useraccounts.testing import PASSWORD, make_user
from django_useraccounts.transactions import (
    ATTEMPTS,
    PAUSE,
    is_outage,
    is_undone,
    repeat_undone,
)

pytestmark = pytest.mark.django_db(transaction=True)

DEADLOCK = (1213, "Deadlock found when trying to get lock; try restarting transaction")
EVENTS = AccountEvent._meta.db_table


@contextmanager
def undoing(times, table=EVENTS, error=DEADLOCK):
    """Have the database undo so many transactions where they write to ``table``."""
    met = []

    def refuse(execute, sql, params, many, context):
        if sql.startswith("INSERT") and table in sql and len(met) < times:
            met.append(sql)
            raise OperationalError(*error)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        yield met


def log_in(client, identifier="maria"):
    data = {"identifier": identifier, "password": PASSWORD}
    return client.post(reverse("useraccounts:login"), data)


@pytest.mark.parametrize("table", [EVENTS, "django_session"])
def test_a_login_that_is_undone_is_made_once_more(client, table):
    make_user()

    with undoing(ATTEMPTS - 1, table) as met:
        response = log_in(client)

    assert len(met) == ATTEMPTS - 1
    assert response.status_code == 302
    assert client.get(reverse("useraccounts:profile")).status_code == 200
    assert AccountEvent.objects.filter(kind="logged_in").count() == 1


def test_a_confirmation_that_is_undone_is_made_once_more_and_logs_in(client):
    data = {"username": "ada", "email": "ada@example.com", "password": PASSWORD}
    client.post(reverse("useraccounts:register"), data)
    link = str(link_of(OneTimeSecret.objects.get()))
    page = client.get(reverse("useraccounts:confirm_email", args=[link]))["Location"]

    with undoing(1, "django_session") as met:
        response = client.post(page, {"answer": "confirm"})

    assert (len(met), response.status_code) == (1, 302)
    address = UserEmail.objects.get()
    assert (address.is_confirmed, address.is_primary, address.user.email) == (
        True,
        True,
        data["email"],
    )
    assert client.get(reverse("useraccounts:profile")).status_code == 200


def test_a_password_whose_change_is_undone_is_changed_once_more(client):
    user = make_user()
    client.force_login(user)
    data = {"old_password": PASSWORD, "new_password": "another horse, another staple"}

    with undoing(1) as met:
        response = client.post(reverse("useraccounts:change_password"), data)

    assert (len(met), response.status_code) == (1, 302)
    user.refresh_from_db()
    assert user.session_epoch == 1
    assert client.get(reverse("useraccounts:profile")).status_code == 200


def test_what_is_undone_again_and_again_is_an_outage(client):
    make_user()

    with undoing(100) as met:
        response = log_in(client)

    assert len(met) == ATTEMPTS
    assert response.status_code == 503
    assert not AccountEvent.objects.exists()


@pytest.mark.asvs("16.3.4")
def test_an_outage_is_not_tried_again_and_is_logged(client, caplog):
    make_user()

    with undoing(100, error=(2006, "Server has gone away")) as met:
        response = log_in(client)

    assert (len(met), response.status_code) == (1, 503)
    assert "Server has gone away" in caplog.text


def test_inside_a_transaction_of_the_caller_the_error_goes_up():
    tries = []

    def act():
        tries.append(1)
        raise OperationalError(*DEADLOCK)

    with pytest.raises(OperationalError), transaction.atomic():
        repeat_undone(act, restore=lambda: None)

    assert len(tries) == 1


def test_two_that_have_undone_each_other_wait_for_different_times(monkeypatch):
    pauses = []
    monkeypatch.setattr("django_useraccounts.transactions.time.sleep", pauses.append)

    def act():
        raise OperationalError(*DEADLOCK)

    for _two in range(2):
        with pytest.raises(OperationalError):
            repeat_undone(act, restore=lambda: None)

    assert len(set(pauses)) == len(pauses) == 2 * (ATTEMPTS - 1)
    assert all(0 <= pause <= PAUSE * (ATTEMPTS - 1) for pause in pauses)


class PsycopgError(Exception):
    sqlstate = "40P01"


class Psycopg2Error(Exception):
    pgcode = "40001"


def sqlite_error(code):
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    "cause, undone",
    [
        (PsycopgError(), True),
        (Psycopg2Error(), True),
        (sqlite_error(sqlite3.SQLITE_BUSY_SNAPSHOT), True),
        (sqlite_error(sqlite3.SQLITE_BUSY), False),
        (ConnectionResetError(), False),
        (None, False),
    ],
)
def test_each_driver_says_it_in_its_own_way(cause, undone):
    error = OperationalError("what the driver says")
    error.__cause__ = cause

    assert is_undone(error) is undone


@pytest.mark.parametrize("error", [OperationalError("lock wait timeout"), InterfaceError("closed")])
def test_an_error_of_the_database_is_an_outage_only_where_nothing_else_is_answered(
    error, database_away
):
    assert not is_outage(error)

    with database_away():
        assert is_outage(error)
        assert not is_outage(ValueError("She owes us a book."))


@pytest.mark.skipif(connection.vendor == "sqlite", reason="a file is no connection to lose")
def test_a_connection_that_is_lost_is_no_outage_where_a_new_one_is_answered():
    lose = {
        "postgresql": "SELECT pg_terminate_backend(pg_backend_pid())",
        "mysql": "KILL CONNECTION_ID()",
    }
    with connection.cursor() as cursor, pytest.raises(OperationalError) as caught:
        cursor.execute(lose[connection.vendor])

    assert not is_outage(caught.value)
    assert not User.objects.exists()
