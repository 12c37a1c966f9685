"""Pages of a list of millions: what is shown is found by an index, and the rest is not counted."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.core.exceptions import FieldDoesNotExist
from django.core.paginator import Paginator
from django.db import connections
from django.db.models import DateTimeField, Model, QuerySet, UniqueConstraint
from django.http import HttpRequest
from django.utils.functional import cached_property

if TYPE_CHECKING:
    AnyPaginator = Paginator[Any]
else:
    AnyPaginator = Paginator

#: How many pages behind the one that is shown are counted.
AHEAD = 10


class AtLeast(int):
    """How many rows there are at least: ``1000+``."""

    def __str__(self) -> str:
        # Separators are set by Django, by the signs that it is given.
        return int.__str__(self) if settings.USE_THOUSAND_SEPARATOR else f"{int(self)}+"


class LongPaginator(AnyPaginator):
    """Pages that are counted to some pages behind the one that is shown."""

    def __init__(self, rows: Any, per_page: int, *args: Any, shown: int = 1, **kwargs: Any) -> None:
        super().__init__(rows, per_page, *args, **kwargs)
        self.most = (shown + AHEAD) * int(per_page)

    @cached_property
    def count(self) -> int:
        # The order does not change the number, and finding the first ones costs.
        rows: Any = self.object_list
        count: int = rows.order_by().values("pk")[: self.most].count()
        return AtLeast(count) if count == self.most else count


def count_each(lots: Sequence[Sequence[QuerySet[Any]]]) -> list[int]:
    """Count the values that the querysets of each lot call ``counted``, all by one statement."""
    if not lots:
        return []
    connection = connections[lots[0][0].db]
    counts, params = [], []
    for lot in lots:
        parts = []
        for number, rows in enumerate(lot):
            sql, given = rows.query.get_compiler(connection=connection).as_sql()
            # Each within another one: SQLite lets no part of a union have an end of its own.
            parts.append(f"SELECT * FROM ({sql}) AS part{number}")  # noqa: S608
            params += given
        column = connection.ops.quote_name("counted")
        union = " UNION ALL ".join(parts)
        counts.append(f"(SELECT COUNT(DISTINCT {column}) FROM ({union}) AS lot)")  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(counts)}", params)
        return list(cursor.fetchone())


class LongChangeList(ChangeList):
    """A list that says of how many rows it knows, and is sorted as its headings offer it."""

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        first, *others = super().get_ordering(request, queryset)
        # Equal ones in the same direction, or in none: else MariaDB sorts what an index has sorted.
        if not isinstance(first, str) or self._is_unique(first.removeprefix("-")):
            return [first]
        return [first, *("pk" if one == "-pk" and first[0] != "-" else one for one in others)]

    def _is_unique(self, name: str) -> bool:
        fields = {field.name: field for field in self.lookup_opts.concrete_fields}
        return name in fields and fields[name].unique

    def get_ordering_field(self, field_name: Any) -> Any:
        # Asked for by hand, in the address of the page, too.
        is_offered = self.sortable_by is None or field_name in self.sortable_by
        return super().get_ordering_field(field_name) if is_offered else None

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.can_show_all = self.can_show_all and not isinstance(self.result_count, AtLeast)


def page_of(request: HttpRequest) -> int:
    """Return which page of a list is asked for; the lists to choose from call it otherwise."""
    asked = request.GET.get(PAGE_VAR) or request.GET.get("page") or "1"
    return int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 9 else 1


def is_sorted_by_index(model: type[Model], name: Any) -> bool:
    """
    Say whether a list can be sorted by a column of it without a look at all rows.

    It has to have an index, and few equal values, or none: those are sorted once more, by key.
    """
    try:
        field: Any = model._meta.get_field(name)
    except (FieldDoesNotExist, AttributeError, TypeError):
        return False
    if field.is_relation:
        return False
    is_first = any(name == index.fields[0] for index in model._meta.indexes if index.fields)
    if field.null and name != getattr(model, "USERNAME_FIELD", ""):
        return False
    is_moment = isinstance(field, DateTimeField)
    has_index = bool(field.db_index) or is_first
    return field.unique or _is_unique(model, name) or (is_moment and has_index)


def _is_unique(model: type[Model], name: str) -> bool:
    constraints = model._meta.constraints
    return any(isinstance(c, UniqueConstraint) and c.fields == (name,) for c in constraints)
