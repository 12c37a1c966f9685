"""Take over the accounts of django.contrib.auth, while the site goes on."""

import csv
import os
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils.module_loading import import_string

from ...emails.adoption import (
    Finding,
    Rules,
    Step,
    Survey,
    adopt_accounts,
    find_obstacles,
    last_done,
    survey_names,
    users_of_the_site,
)
from ...identity import has_username_column
from ...models import UserEmail
from ...spreadsheets import MARK, harmless
from ..beginning import begin
from ..progress import Progress

EVERYBODY = "everybody"


class Command(BaseCommand):
    """For a site that has users already: see docs/contrib_auth.rst for when to run it how."""

    help = (
        "Takes over users that django.contrib.auth has made: a key for each username, a row for "
        "each address. What is done stays done, so it can be interrupted and run again at any time."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--begin",
            action="store_true",
            help="Before the first migrate with the new settings: write down that the table of "
            "users is there, and keep what permissions and histories say about users.",
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="Change nothing; tell what cannot be taken over as it is, and what would become "
            "of it.",
        )
        parser.add_argument(
            "--ahead",
            action="store_true",
            help="Only what the former code does not read, while it still runs.",
        )
        parser.add_argument(
            "--confirmed",
            nargs="?",
            const=EVERYBODY,
            metavar="FUNCTION",
            help="Take addresses as confirmed: of everybody, or of those whom a function of yours "
            "returns, such as shop.known.confirmed, which is called with the keys of some users.",
        )
        parser.add_argument(
            "--rename",
            action="store_true",
            help="Give a new username to who cannot log in by the present one.",
        )
        parser.add_argument(
            "--report", metavar="FILE", help="Write each finding into a new CSV file."
        )
        parser.add_argument("--batch", type=int, default=500, help="Users in one transaction; 500.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["begin"]:
            self.stdout.write(begin())
            return
        if not 0 < options["batch"] <= 5000:
            raise CommandError("--batch is a number from 1 to 5000.")
        self.counts: Counter[tuple[str, str]] = Counter()
        self.users = self.changed = self.left = 0
        try:
            with _report(options["report"]) as report, Survey() as survey:
                for step in self._steps(survey, options):
                    self._note(step, report)
        except KeyboardInterrupt:
            if self.stdout.isatty():
                # The bar has not ended its line.
                self.stdout.write("")
            self._summarise(options)
            raise CommandError(
                "Stopped. What was done stays done: run it again to go on.", returncode=130
            ) from None
        self._summarise(options)
        if self.left and not options["ahead"]:
            raise CommandError(f"{self.left} users have nothing to log in by.")

    def _steps(self, survey: Survey, options: dict[str, Any]) -> Iterator[Step]:
        rules = Rules(ahead=options["ahead"], rename=options["rename"])
        confirmed, batch = _confirmed(options["confirmed"]), options["batch"]
        if UserEmail._meta.db_table not in connection.introspection.table_names():
            raise CommandError("The tables of the accounts are not there yet: run migrate first.")
        if not has_username_column():
            raise CommandError("Users have no username here, and those of contrib.auth have one.")
        total = users_of_the_site().count()
        # Whose address is that of several can be seen only when all have been looked at.
        has_survey = options["dry_run"] or bool(options["confirmed"])
        if has_survey:
            progress = Progress(self.stdout, "Looking", total=total)
            for number in survey_names(survey, batch=batch):
                progress.advance(number)
            progress.finish()
        if options["dry_run"]:
            progress = Progress(self.stdout, "Checking", total=total)
            steps = find_obstacles(survey, rules, confirmed=confirmed, batch=batch)
        else:
            # What the former code has changed meanwhile can be anywhere; it is looked for at last.
            after = last_done() if rules.ahead else None
            before = users_of_the_site().filter(pk__lte=after).count() if after else 0
            progress = Progress(self.stdout, "Users", total=total, before=before)
            known = survey if has_survey else None
            steps = adopt_accounts(
                rules, confirmed=confirmed, survey=known, after=after, batch=batch
            )
        for step in steps:
            progress.advance(step.users)
            yield step
        progress.finish()

    def _note(self, step: Step, report: Any) -> None:
        self.users += step.users
        self.changed += step.changed
        for finding in step.findings:
            self.counts[finding.what, finding.becomes] += 1
            self.left += finding.is_left
            if report:
                report.writerow(_row(finding))

    def _summarise(self, options: dict[str, Any]) -> None:
        for (what, becomes), number in sorted(self.counts.items()):
            self.stdout.write(f"{number:,} × {what}: {becomes}")
        verb = "would be changed" if options["dry_run"] else "changed"
        self.stdout.write(f"{self.changed:,} of {self.users:,} users {verb}.")


def _confirmed(option: str | None) -> Any:
    """Return what says, of the keys of some users, whose address the site knows to be theirs."""
    if option is None:
        return _nobody
    if option == EVERYBODY:
        return _everybody
    try:
        function = import_string(option)
    except ImportError as error:
        raise CommandError(f"--confirmed names no function: {error}") from None
    return lambda keys: set(function(keys))


def _nobody(_keys: Sequence[object]) -> Collection[object]:
    return ()


def _everybody(keys: Sequence[object]) -> Collection[object]:
    return frozenset(keys)


@contextmanager
def _report(path: str | None) -> Iterator[Any]:
    """Yield a writer of rows into a new file that its owner alone reads, None without a path."""
    if path is None:
        yield None
        return
    try:
        # Never over an older one: what was found then may stand nowhere else.
        file: IO[str] = open(  # noqa: SIM115 - closed below
            path, "x", encoding="utf-8", newline="", opener=_private
        )
    except OSError as error:
        raise CommandError(f"The report cannot be written: {error}") from None
    with file:
        file.write(MARK)
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(("user", "username", "email", "what", "becomes", "new"))
        yield writer


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _row(finding: Finding) -> list[str]:
    texts = (finding.username, finding.email, finding.what, finding.becomes, finding.new)
    return [str(finding.user), *map(harmless, texts)]
