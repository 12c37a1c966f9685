"""
For pytest: no test is one transaction, so that each statement may have another connection.

And each statement is looked at: what belongs to a session would be there for the next one by chance.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

NEEDS = {"db", "transactional_db", "live_server"}
#: Statements whose effect outlasts a transaction, and locks that do.
OF_A_SESSION = re.compile(
    r"\s*(SET(?! CONSTRAINTS| LOCAL| TRANSACTION)|LISTEN|PREPARE|DECLARE|DISCARD|CREATE TEMP)\b"
    r"|.*\b(pg_(try_)?advisory_lock|set_config|currval|lastval)\b",
    re.IGNORECASE | re.DOTALL,
)


# Before pytest-django puts them in order.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("django_db") or NEEDS & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.django_db(transaction=True), append=False)


@pytest.fixture(autouse=True)
def _nothing_of_a_session() -> Iterator[None]:
    """Refuse statements that need the connection of an earlier one."""

    def look(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        assert not OF_A_SESSION.match(sql), sql
        return execute(sql, *rest)

    with connection.execute_wrapper(look):
        yield
