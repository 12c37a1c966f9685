"""
Statements that Django compiles once for a process, and that then run with other values.

The ORM compiles a statement for each request: measured, that alone costs more than a page around
it, and as much as half of what a login does beside its hash. This is the one place that leans on
Django's query compiler; tests run it on every supported version.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from django.db import connections, router
from django.db.models import Expression, Model, QuerySet
from django.db.models.manager import BaseManager

from . import compat


class Slot(Expression):
    """A place in a compiled statement that takes the value of this name when the statement runs."""

    def __init__(self, name: str, field: Any) -> None:
        super().__init__(output_field=field)
        self.name = name

    def as_sql(  # type: ignore[override]
        self, compiler: Any, connection: Any
    ) -> tuple[str, list["Slot"]]:
        return "%s", [self]


class Compiled:
    """A statement for rows of a model, each with what the query annotates."""

    def __init__(self, rows: "QuerySet[Any]") -> None:
        self.using, self.model = rows.db, rows.model
        self.compiler = rows.query.get_compiler(self.using)
        self.sql, params = self.compiler.as_sql()
        self.params = list(params)
        self.places = {at: p.name for at, p in enumerate(params) if isinstance(p, Slot)}
        self.fields = {p.name: p.output_field for p in params if isinstance(p, Slot)}
        selected = [column for column, _sql, _alias in self.compiler.select]
        self.converters = self.compiler.get_converters(selected)
        self.columns = [field.attname for field in self.model._meta.concrete_fields]
        self.annotations = list(self.compiler.annotation_col_map.items())
        self.related = compat.related_populators(self.compiler, self.using)

    def fetch(self, **values: Any) -> list[Any]:
        """Run it with a value for each slot; return the rows, each with its annotations last."""
        connection = connections[self.using]
        params = self.params.copy()
        sent = {
            name: field.get_db_prep_value(values[name], connection)
            for name, field in self.fields.items()
        }
        for place, name in self.places.items():
            params[place] = sent[name]
        with connection.cursor() as cursor:
            cursor.execute(self.sql, params)
            rows = cursor.fetchall()
        return list(self.compiler.apply_converters(rows, self.converters))

    def instance(self, row: Sequence[Any]) -> Any:
        """Return what a row holds as the ORM does, with what is related and what is annotated."""
        loaded = self.model.from_db(self.using, self.columns, row[: len(self.columns)])
        for populator in self.related:
            populator.populate(row, loaded)
        for name, place in self.annotations:
            setattr(loaded, name, row[place])
        return loaded

    def first(self, **values: Any) -> Any:
        """Run it, and return the instance of the first row, or None."""
        rows = self.fetch(**values)
        return self.instance(rows[0]) if rows else None


def compiled(make: "Callable[[Any], QuerySet[Any]]", model: type[Model]) -> Compiled:
    """
    Return the statement that ``make``, a function of a module, makes of all rows of a model.

    A manager with a ``get_queryset`` of its own may answer by the moment, such as by the site that
    is asked: then it is compiled each time.
    """
    manager, using = model._default_manager, router.db_for_read(model)
    if type(manager).get_queryset is BaseManager.get_queryset:
        return _compiled_once(make, model, using)
    return Compiled(make(manager.using(using)))


@cache
def _compiled_once(
    make: "Callable[[Any], QuerySet[Any]]", model: type[Model], using: str
) -> Compiled:
    return Compiled(make(model._default_manager.using(using)))
