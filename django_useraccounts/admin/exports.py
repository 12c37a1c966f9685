"""Grants as a file for a spreadsheet."""

import csv
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone

from ..batches import in_batches
from ..models import AccountEvent, RoleGrant
from ..spreadsheets import MARK, harmless

#: How many rows are read at once, whatever the database: those before are forgotten.
BATCH = 1000

COLUMNS = (
    *("role", "username", "email", "starts_at", "ends_at", "counts_until"),
    *("granted_at", "granted_by", "source", "reason"),
)


def export_grants(request: HttpRequest, grants: QuerySet[RoleGrant]) -> StreamingHttpResponse:
    """
    Return a download of grants, read while it is sent: one row each, in the order of making.

    It tells of people, so an event says who has taken how many rows away.
    """
    by: Any = request.user
    details = {"rows": grants.count()}
    AccountEvent.objects.record(
        "grants_exported", user=by, actor=by, details=details, request=request
    )
    lines = _lines(grants)
    # By an ASGI server what is not async would be read whole before the first byte is sent.
    answer = _read_in_thread(lines) if isinstance(request, ASGIRequest) else lines
    response = StreamingHttpResponse(answer, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="role-grants.csv"'
    return response


class _Echo:
    """Where the writer of lines gives them back."""

    def write(self, line: str) -> str:
        return line


def _lines(grants: QuerySet[RoleGrant]) -> Iterator[str]:
    rows = grants.select_related("role", "user", "granted_by")
    # All in quotes: what has commas or lines in it begins no cell of its own.
    writer = csv.writer(_Echo(), quoting=csv.QUOTE_ALL)
    yield MARK + writer.writerow(COLUMNS)
    for grant in in_batches(rows, batch=BATCH):
        yield writer.writerow([harmless(value) for value in _values(grant)])


async def _read_in_thread(lines: Iterator[str]) -> AsyncIterator[str]:
    while batch := await sync_to_async(lambda: list(islice(lines, BATCH)))():
        for line in batch:
            yield line


def _values(grant: RoleGrant) -> Iterable[Any]:
    user, by = grant.user, grant.granted_by
    yield from (grant.role.name, user.shown_username, user.email)
    for moment in (grant.starts_at, grant.ends_at, grant.counts_until, grant.granted_at):
        yield _moment(moment)
    yield from ("" if by is None else str(by), grant.source, grant.reason)


def _moment(moment: datetime | None) -> str:
    if moment is None:
        return ""
    local = timezone.localtime(moment) if timezone.is_aware(moment) else moment
    return local.isoformat(timespec="seconds")
