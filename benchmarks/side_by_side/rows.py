"""The rows of all tables as they were: every sample meets the same database."""

from collections.abc import Collection

from django.db import connection, transaction

#: What no request changes.
_FIXED = ("django_migrations", "django_content_type", "auth_permission")


def tables() -> list[str]:
    """Return the tables of the installed apps that requests may write to."""
    names = connection.introspection.django_table_names(only_existing=True)
    return [name for name in names if name not in _FIXED]


def keep(mark: str) -> None:
    """Copy all rows beside themselves, under a mark."""
    with connection.cursor() as cursor, transaction.atomic():
        for name in tables():
            copy, table = _names(mark, name)
            cursor.execute(f"DROP TABLE IF EXISTS {copy}")
            cursor.execute(f"CREATE TABLE {copy} AS SELECT * FROM {table}")


def restore(mark: str, names: Collection[str]) -> None:
    """Bring the rows of these tables back; what points at what is looked at when all are back."""
    if not names:
        return
    with connection.cursor() as cursor, transaction.atomic():
        for name in names:
            copy, table = _names(mark, name)
            cursor.execute(f"DELETE FROM {table}")
            cursor.execute(f"INSERT INTO {table} SELECT * FROM {copy}")


def tidy(names: Collection[str]) -> None:
    """Have PostgreSQL throw away what restoring leaves, or each request would read past it."""
    if names and connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"VACUUM ANALYZE {', '.join(map(connection.ops.quote_name, names))}")


def _names(mark: str, name: str) -> tuple[str, str]:
    quote = connection.ops.quote_name
    return quote(f"{mark}_{name}"), quote(name)
