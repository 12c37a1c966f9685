"""
The accounts behind PgBouncer in transaction mode, where no two statements share a session.

More of the suite, through the pool: ``python -m tests.servers pgbouncer -- python -m pytest
--reuse-db -p tests.pooled.plugin tests/emails …``. What fails there says when the news of a commit
is to come: that is one moment in a test that is a transaction, and another one here.
"""

import pytest

from tests import servers
from tests.children import assert_passes
from tests.conftest import missing

pytestmark = pytest.mark.one_database

#: Logins, links and their mails, and locks that wait for each other.
CHOSEN = [
    "tests/login/test_login.py",
    "tests/passwords/test_passwords.py",
    "tests/attacks/test_S_races_of_names.py",
]


def test_people_come_in_by_any_connection(
    pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    if servers.lacks("pgbouncer"):
        missing("pgbouncer", servers.lacks("pgbouncer"))
    monkeypatch.delenv("USERACCOUNTS_TESTS", raising=False)
    # A pool keeps its connections: the database cannot be dropped, and goes with the server.
    options = ["-p", "tests.pooled.plugin", "--reuse-db"]
    with servers.pgbouncer() as url:
        monkeypatch.setenv("USERACCOUNTS_TEST_DATABASE", url)
        assert_passes(
            [*options, *CHOSEN], settings="testproject.test_settings", pytestconfig=pytestconfig
        )
