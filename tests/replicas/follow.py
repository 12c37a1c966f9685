"""A copy of the database that follows when it is told to."""

from typing import Any

from django.db import connections, transaction

from tests.replicas.router import AccountsFromThePrimary


class Router(AccountsFromThePrimary):
    """The router of the documentation, on a copy that nobody else gives its tables."""

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> None:  # type: ignore[override]
        return None


class ReadsAllElsewhere(Router):
    """What a router does that knows nothing of accounts."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return "replica"


def follow() -> None:
    """Let the copy be what the primary database is now."""
    primary, copy = connections["default"], connections["replica"]
    tables = primary.introspection.django_table_names(only_existing=True, include_views=False)
    with (
        copy.constraint_checks_disabled(),
        transaction.atomic("replica"),
        primary.cursor() as source,
        copy.cursor() as target,
    ):
        for table in map(copy.ops.quote_name, tables):
            target.execute(f"DELETE FROM {table}")
        for table in map(copy.ops.quote_name, tables):
            source.execute(f"SELECT * FROM {table}")
            marks = ", ".join(["%s"] * len(source.description))
            target.executemany(f"INSERT INTO {table} VALUES ({marks})", source.fetchall())
