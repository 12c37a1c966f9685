"""A database of its own for an old project, on the server of the tests."""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from tests.adoption.site import Site


@pytest.fixture
def old_site(
    tmp_path: Path, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[Site]:
    """Start the old project, whose database is empty."""
    url = os.environ.get("USERACCOUNTS_TEST_DATABASE")
    if not url:
        yield Site(tmp_path, f"sqlite://{tmp_path / 'old.sqlite3'}")
        return
    name = f"old_{uuid4().hex}"
    with django_db_blocker.unblock():
        _run(f"CREATE DATABASE {name}")
    try:
        yield Site(tmp_path, urlunsplit(urlsplit(url)._replace(path=f"/{name}")))
    finally:
        with django_db_blocker.unblock():
            _run(f"DROP DATABASE {name}")


def _run(statement: str) -> None:
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement)
