"""How the tables are emptied after a test that had transactions of its own: quickly."""

from django.db import DEFAULT_DB_ALIAS, connection, transaction
from django.test import TransactionTestCase

#: What Django makes by itself after it has migrated, and would make anew each time: it stays.
FURNITURE = ("django_content_type", "auth_permission")

_flush = TransactionTestCase._fixture_teardown


def empty_quickly() -> None:
    """
    Have the tables emptied by one small statement each.

    Django truncates them, which is slow for tables of a few rows, and makes all permissions anew.
    It still does so where a test has other databases, or has made or deleted a permission.
    """
    furniture = _count_furniture()

    def teardown(self: TransactionTestCase) -> None:
        if self._databases_names() != [DEFAULT_DB_ALIAS] or _count_furniture() != furniture:
            _flush(self)
        else:
            _delete_rows()

    TransactionTestCase._fixture_teardown = teardown


def _count_furniture() -> list[tuple[int, int]]:
    with connection.cursor() as cursor:
        counts = []
        for table in FURNITURE:
            cursor.execute(f"SELECT COUNT(*), MAX(id) FROM {table}")
            counts.append(cursor.fetchone())
        return counts


def _delete_rows() -> None:
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    statements = [
        f"DELETE FROM {connection.ops.quote_name(table)}"
        for table in tables
        if table not in FURNITURE
    ]
    # One after the other within a transaction, at whose end PostgreSQL and SQLite look at keys.
    with (
        connection.constraint_checks_disabled(),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        for statement in statements:
            cursor.execute(statement)
