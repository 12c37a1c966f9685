"""Grants as a file for a spreadsheet, which must not take what somebody typed for a formula."""

import csv
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone

from ..batches import in_batches
from ..models import AccountEvent, RoleGrant

#: How many rows are read at once, whatever the database: those before are forgotten.
BATCH = 1000

#: Where a formula would begin, in Excel, LibreOffice and others (OWASP, "CSV Injection"); some take
#: wide signs for the same. Also behind a semicolon or a line, which begin a cell where spreadsheets
#: split at semicolons, as in half of Europe, and so read our quotes as letters.
FORMULA = re.compile(r'(?:^|[;\t\r\n])[\s"]*(?=[=+\-@＝＋－＠])|^(?=[\t\r\n])')

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
    response = StreamingHttpResponse(_lines(grants), content_type="text/csv; charset=utf-8")
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
    # Without the mark, Excel takes UTF-8 for an old alphabet of Windows.
    yield "\ufeff" + writer.writerow(COLUMNS)
    for grant in in_batches(rows, batch=BATCH):
        yield writer.writerow([harmless(value) for value in _values(grant)])


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


def harmless(text: str | None) -> str:
    """Return a text as no spreadsheet calculates it: with an apostrophe before what would."""
    return FORMULA.sub(lambda found: f"{found[0]}'", text or "")
