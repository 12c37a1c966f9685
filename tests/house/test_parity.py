"""docs/parity.rst names what exists."""

import re
from dataclasses import fields

import pytest
from django.dispatch import Signal
from django.urls import NoReverseMatch, reverse
from docutils import nodes

from django_useraccounts import decorators, signals
from django_useraccounts.conf import Conf
from django_useraccounts.invitations import signals as invitation_signals
from django_useraccounts.policy import Policy
from tests.readme import document

SECTIONS = {
    next(iter(section.findall(nodes.title))).astext(): section
    for section in document("docs/parity.rst").findall(nodes.section)
}
#: Words of Django, and of a class, beside the names of ours.
NOT_OURS = {"path()", "success_url", "LOGIN_REDIRECT_URL"}


def named(section: str) -> list[str]:
    """Return what the second column of a table names."""
    rows = list(SECTIONS[section].findall(nodes.row))[1:]
    cells = [list(row.findall(nodes.entry))[1] for row in rows]
    texts = [text.astext() for cell in cells for text in cell.findall(nodes.literal)]
    return [text for text in texts if text not in NOT_OURS]


@pytest.mark.parametrize("name", named("Pages"))
def test_a_page_exists(name: str) -> None:
    for args in ([], [1], ["link"]):
        try:
            assert reverse(f"useraccounts:{name}", args=args)
        except NoReverseMatch:
            continue
        return
    pytest.fail(name)


@pytest.mark.parametrize("name", named("Settings"))
def test_a_setting_or_a_question_exists(name: str) -> None:
    assert name in {field.name for field in fields(Conf)} or hasattr(Policy, name)


@pytest.mark.parametrize("name", named("Signals"))
def test_a_signal_exists(name: str) -> None:
    assert isinstance(getattr(signals, name, getattr(invitation_signals, name, None)), Signal)


def test_the_guards_have_their_old_names() -> None:
    rows = list(SECTIONS["Guards"].findall(nodes.row))[1:]
    old = " ".join(next(iter(row.findall(nodes.entry))).astext() for row in rows)

    for name in re.findall(r"@(\w+)", old):
        assert name == "login_required" or hasattr(decorators, name)
