"""Report what disagrees about addresses and usernames, and mend it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ...emails.drift import Drift, find_drift, mend_drift


class Command(BaseCommand):
    """After loading data, after an import, and for cron: exit code 0 means that all agrees."""

    help = (
        "Reports where user.email, the primary address, and the keys of addresses and usernames "
        "disagree, a line for each, and mends it. Exit code 0: all agrees, or is mended."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--mend", action="store_true", help="Mend what can be mended.")
        parser.add_argument(
            "--trust",
            action="store_true",
            help="Take the user.email of users without any address as proved.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        mend, trust = options["mend"], options["trust"]
        problems = left = 0
        for drift in mend_drift(trust=trust) if mend else find_drift(trust=trust):
            problems += 1
            left += not mend or bool(drift.obstacle)
            self.stdout.write(_line(drift, mend=mend))
        if not problems:
            self.stdout.write("Everything agrees.")
            return
        noun = "problem" if problems == 1 else "problems"
        how = f"{problems - left} mended, {left} left" if mend else "--mend mends what can be"
        summary = f"{problems} {noun}: {how}."
        if left:
            raise CommandError(summary)
        self.stdout.write(summary)


def _line(drift: Drift, *, mend: bool) -> str:
    end = f" Left: {drift.obstacle}." if drift.obstacle else " Mended." if mend else ""
    return f"{drift.user} (#{drift.user.pk}): {drift.what}.{end}"
