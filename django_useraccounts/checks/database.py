"""What the database has to hold: the constraints that models promise, and nobody who is to go."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core import checks
from django.core.checks import CheckMessage
from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.models import BaseConstraint, CheckConstraint, Field, Model, UniqueConstraint
from django.utils import timezone

from ..room import rooms

#: A job that runs once a day may have been missed, or hindered by an app, for so long.
DAYS_OVERDUE = 3


def constraints(alias: str) -> Iterator[CheckMessage]:
    """
    Yield the constraints of the accounts that are in the models and not in the database.

    A migration that was only recorded makes none, and MariaDB leaves out those with a condition.
    """
    connection = connections[alias]
    tables = set(connection.introspection.table_names())
    loader = MigrationLoader(connection)
    for model in sorted(all_models(), key=lambda model: model._meta.db_table):
        is_here = model._meta.db_table in tables and router.allow_migrate_model(alias, model)
        if is_here and model._meta.managed and _is_migrated(model, loader):
            yield from _lacking(model, connection)


def overdue_accounts(alias: str) -> Iterator[CheckMessage]:
    """Yield how many closed accounts are left: nothing else tells that no job erases them."""
    model = get_user_model()
    if not _has_column(model, "erase_at", connections[alias]):
        return
    long_ago = timezone.now() - timedelta(days=DAYS_OVERDUE)
    number = model._default_manager.using(alias).filter(erase_at__lte=long_ago).count()
    if number:
        yield checks.Warning(
            f"Closed accounts that should have been erased more than {DAYS_OVERDUE} days ago: "
            f"{number}.",
            hint="Run manage.py useraccounts_prune once a day. Its log says which accounts could "
            "not be erased, and why.",
            id="useraccounts.W018",
        )


def _has_column(model: type[Model], name: str, connection: BaseDatabaseWrapper) -> bool:
    # "migrate" runs this check first, before it makes the table or the column.
    table = model._meta.db_table
    if table not in connection.introspection.table_names():
        return False
    with connection.cursor() as cursor:
        described = connection.introspection.get_table_description(cursor, table)
    columns = {column.name for column in described}
    return any(field.name == name and field.column in columns for field in model._meta.fields)


def all_models() -> set[type[Model]]:
    """Return the models of the accounts: of every room, and the user model."""
    return {model for room in rooms() for model in room.get_models()} | {get_user_model()}


def _is_migrated(model: type[Model], loader: MigrationLoader) -> bool:
    # "migrate" runs this check first: what it is about to make is not missing.
    latest = loader.graph.leaf_nodes(model._meta.app_label)
    return all(migration in loader.applied_migrations for migration in latest)


def _lacking(model: type[Model], connection: BaseDatabaseWrapper) -> Iterator[CheckMessage]:
    table = model._meta.db_table
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, table)
    unique = {
        frozenset(facts["columns"] or ())
        for facts in found.values()
        if facts["unique"] or facts["primary_key"]
    }
    for columns in _unique_columns(model):
        if frozenset(columns) not in unique and not _is_in_partitions(columns, model, found):
            names = ", ".join(map(connection.ops.quote_name, columns))
            index = connection.ops.quote_name("_".join([table, *columns, "key"])[:60])
            sql = f"CREATE UNIQUE INDEX {index} ON {connection.ops.quote_name(table)} ({names});"
            yield _not_in_database(f"{', '.join(columns)} of {table} is not unique", sql)
    for constraint in _known_by_name(model, connection):
        if constraint.name not in found:
            yield _not_in_database(
                f'{table} has no constraint "{constraint.name}"',
                _sql(constraint, model, connection),
            )


def _is_in_partitions(
    columns: tuple[str, ...], model: type[Model], found: Mapping[str, Mapping[str, Any]]
) -> bool:
    """
    Say whether a number from a sequence is the primary key together with what divides the table.

    A database that has partitions wants that column in each unique key, and no row points there.
    """
    key: Field[Any, Any] = model._meta.pk
    is_numbered = key.get_internal_type().endswith("AutoField")
    primary = [facts["columns"] for facts in found.values() if facts["primary_key"]]
    return is_numbered and columns == (key.column,) and any(key.column in part for part in primary)


def _not_in_database(what: str, sql: str | None) -> CheckMessage:
    return checks.Warning(
        f"In the database, {what}: what the accounts rely on may be broken there.",
        hint=f"Mend the rows that break it, then run: {sql}"
        if sql
        else "This database cannot add it to a table that exists.",
        id="useraccounts.W009",
    )


def _unique_columns(model: type[Model]) -> Iterator[tuple[str, ...]]:
    """Yield the columns of each promise that is kept by any unique index on them."""
    meta = model._meta
    groups = [
        *((field.name,) for field in meta.local_concrete_fields if field.unique),
        *meta.unique_together,
        *(constraint.fields for constraint in meta.total_unique_constraints),
    ]
    for names in groups:
        yield tuple(_column(model, name) for name in names)


def _column(model: type[Model], name: str) -> str:
    field: Field[Any, Any] = model._meta.get_field(name)  # type: ignore[assignment]
    return str(field.column)


def _known_by_name(model: type[Model], connection: BaseDatabaseWrapper) -> Iterator[BaseConstraint]:
    """Yield the constraints that only their name tells apart, as far as the database shows it."""
    kinds: tuple[type[BaseConstraint], ...] = (UniqueConstraint,)
    if connection.features.can_introspect_check_constraints:
        kinds += (CheckConstraint,)
    by_columns = model._meta.total_unique_constraints
    for constraint in model._meta.constraints:
        if isinstance(constraint, kinds) and constraint not in by_columns:
            yield constraint


def _sql(
    constraint: BaseConstraint, model: type[Model], connection: BaseDatabaseWrapper
) -> str | None:
    """Return the statement that adds the constraint, None where there is none."""
    if connection.vendor == "sqlite" and isinstance(constraint, CheckConstraint):
        return None
    statement = constraint.create_sql(model, connection.schema_editor())
    return f"{statement};" if statement else None
