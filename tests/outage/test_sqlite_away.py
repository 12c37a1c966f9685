"""A site on SQLite whose file is locked by another program, or gone for a while."""

import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from django.db import connection
from django.urls import reverse

from django_useraccounts.models import AccountEvent, OutgoingMail, User, UserEmail
from django_useraccounts.testing import PASSWORD, log_in, make_user

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="for SQLite only"),
]


@contextmanager
def locked():
    """Let another program write to the file, for longer than the site is ready to wait."""
    with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 100")
        try:
            yield
        finally:
            connection.close()


@contextmanager
def removed():
    """Take the file away, so that the site finds a new and empty one."""
    connection.close()
    name = Path(connection.settings_dict["NAME"])
    files = list(name.parent.glob(f"{name.name}*"))
    for path in files:
        path.rename(path.parent / f"away-{path.name}")
    try:
        yield
    finally:
        connection.close()
        for path in name.parent.glob(f"{name.name}*"):
            path.unlink()
        for path in files:
            (path.parent / f"away-{path.name}").rename(path)


@pytest.mark.parametrize("away", [locked, removed])
def test_who_registers_meanwhile_is_asked_to_come_back_and_can(client, away):
    form = {"username": "ada", "email": "ada@example.com", "password": PASSWORD}

    with away():
        refused = client.post(reverse("useraccounts:register"), form)
    half_done = [kind.objects.count() for kind in (User, UserEmail, OutgoingMail, AccountEvent)]
    done = client.post(reverse("useraccounts:register"), form)

    assert (refused.status_code, refused["Retry-After"]) == (503, "30")
    assert "Back in a moment" in refused.content.decode()
    assert half_done == [0, 0, 0, 0]
    assert done.status_code == 302
    assert User.objects.get().username == "ada"


@pytest.mark.asvs("16.5.3")
@pytest.mark.parametrize("away", [locked, removed])
def test_who_logs_in_meanwhile_is_not_logged_in_and_can_try_again(client, away):
    make_user("frida")
    form = {"identifier": "frida", "password": PASSWORD}

    with away():
        refused = client.post(reverse("useraccounts:login"), form)
    page_before = client.get(reverse("useraccounts:profile"))
    done = client.post(reverse("useraccounts:login"), form)

    assert refused.status_code == 503
    assert page_before.status_code == 302
    assert done.status_code == 302
    assert client.get(reverse("useraccounts:profile")).status_code == 200


def test_a_logged_in_user_is_still_logged_in_when_the_file_is_back(client):
    log_in(client, make_user("frida"))

    with removed():
        refused = client.get(reverse("useraccounts:profile"))

    assert refused.status_code == 503
    assert client.get(reverse("useraccounts:profile")).status_code == 200
