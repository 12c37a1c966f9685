"""Accounts beside a copy of the database that follows later; a process has these two databases."""

import pytest

from tests.children import assert_passes

# Not for this process: so that the copies of the other databases are asked, too.
pytestmark = pytest.mark.django_db


def test_nothing_of_the_accounts_waits_for_the_copy(pytestconfig: pytest.Config) -> None:
    files, settings = ["tests/replicas/lag.py"], "tests.replicas.settings"
    assert_passes(files, settings=settings, pytestconfig=pytestconfig)
