"""Invite everybody in a list."""

import csv
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from ....canonical import EMAIL_MAX_LENGTH
from ....errors import AccountError
from ....management.arguments import find_roles, find_user
from ...errors import InvalidMaxAge
from ...flows import invite

#: Longer lines are no addresses.
LINE_MAX_LENGTH = 10_000


class Command(BaseCommand):
    """For the person on duty: the good lines are done, and each bad one is told with its number."""

    help = (
        "Invites the addresses of a file, one on a line, or those of its column “email”. Bad lines "
        "are reported by their number, the others are done. Exit code 0: all were done."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="A text or CSV file in UTF-8, or - for the input.")
        parser.add_argument("--by", required=True, metavar="USER", help="Who invites them.")
        parser.add_argument(
            "--role",
            action="append",
            default=[],
            dest="roles",
            metavar="ROLE",
            help="A role that they get; may be given several times.",
        )
        parser.add_argument("--note", default="", metavar="TEXT", help="A few words, no links.")
        parser.add_argument("--days", type=int, metavar="N", help="For how long it lasts: 14.")

    def handle(self, *args: Any, **options: Any) -> None:
        by = find_user(options["by"])
        wanted = {
            "roles": [role.name for role in find_roles(options["roles"])],
            "note": options["note"].encode("utf-8", "replace").decode(),
            "max_age": _max_age(options["days"]),
        }
        good = bad = 0
        for number, email in _addresses(_read(options["file"])):
            try:
                invite(email or "-", by=by, **wanted)
                good += 1
            except AccountError as error:
                bad += 1
                # A list of somebody else must not steer the terminal.
                shown = "".join(filter(str.isprintable, email))
                self.stderr.write(f"Line {number}: {shown}: {' '.join(error.messages)}")
            except ImproperlyConfigured as error:
                raise CommandError(str(error)) from None
        summary = f"{good} invited, {bad} not."
        if bad:
            raise CommandError(summary)
        self.stdout.write(summary)


def _max_age(days: int | None) -> timedelta | None:
    try:
        return None if days is None else timedelta(days=days)
    except OverflowError:
        raise CommandError(str(InvalidMaxAge.sentence)) from None


def _read(name: str) -> str:
    """Return the text of a file; bytes that are no UTF-8 become signs that no address has."""
    try:
        raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise CommandError(f"“{name}” cannot be read: {error.strerror}.") from None
    return raw.decode("utf-8-sig", "replace")


def _addresses(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line that is not empty: its number, and its address."""
    lines = text.splitlines()
    # What spreadsheets write in half of the world.
    delimiter = ";" if lines and ";" in lines[0] else ","
    column: int | None = None
    for number, line in enumerate(lines, start=1):
        cells = _cells(line, delimiter)
        if not any(cells):
            continue
        if column is None:
            header = [cell.lower() for cell in cells]
            column = header.index("email") if "email" in header else 0
            if "email" in header:
                continue
        yield number, cells[column] if column < len(cells) else ""


def _cells(line: str, delimiter: str) -> list[str]:
    if len(line) > LINE_MAX_LENGTH:
        # Not read: what is too long for csv would end the whole list.
        return [f"{line[:EMAIL_MAX_LENGTH]}…"]
    return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
