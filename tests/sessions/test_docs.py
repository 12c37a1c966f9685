"""docs/sessions.rst tells the truth."""

from dataclasses import fields

import pytest
from django.dispatch import Signal
from docutils import nodes

from django_useraccounts.models import AccountEvent
from django_useraccounts.sessions import signals
from django_useraccounts.sessions.conf import SessionsConf
from django_useraccounts.sessions.models import LoginSession
from django_useraccounts.testing import make_user
from tests.readme import document

PAGE = document("docs/sessions.rst")


def first_column(head):
    """Return the words of the first column of the table whose first column has this head."""
    [table] = [
        group
        for group in PAGE.findall(nodes.tgroup)
        if next(group.findall(nodes.entry)).astext() == head
    ]
    rows = [next(row.findall(nodes.entry)).astext() for row in table.findall(nodes.row)]
    return set(rows[1:])


def code(part):
    [text] = [
        found.astext() for found in PAGE.findall(nodes.literal_block) if part in found.astext()
    ]
    return text


@pytest.mark.one_database
def test_its_settings_and_signals_are_all_there_are():
    assert first_column("Key") == {field.name for field in fields(SessionsConf)}
    known = {name for name, value in vars(signals).items() if isinstance(value, Signal)}
    assert first_column("Signal") == known


@pytest.mark.one_database
def test_its_defaults_are_those_of_the_room():
    names: dict = {}
    exec("from datetime import timedelta\n" + code("IDLE_MAX_AGE"), names)

    given = names["USERACCOUNTS"]["SESSIONS"]
    assert given == {name: getattr(SessionsConf(), name) for name in given}
    assert set(given) == {field.name for field in fields(SessionsConf)}


@pytest.mark.django_db
def test_its_code_ends_what_came_from_a_network():
    maria = make_user("maria")
    for address in ("203.0.113.7", "198.51.100.1"):
        LoginSession.objects.create(user=maria, epoch=0, client_address=address)
    names: dict = {}
    exec(code("def end_all_in"), names)

    names["end_all_in"](maria, "203.0.113.", by=make_user("clerk"))

    assert LoginSession.objects.live(maria).get().client_address == "198.51.100.1"
    assert AccountEvent.objects.get(kind="session_ended").actor.username == "clerk"
