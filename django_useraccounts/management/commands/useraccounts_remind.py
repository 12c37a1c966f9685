"""Tell people by mail that a role of theirs ends soon."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from ...roles.flows import remind_of_ends
from ..arguments import find_roles


class Command(BaseCommand):
    """For cron, once a day."""

    help = "Mails those whose role ends soon, once for each grant."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("roles", nargs="*", metavar="role", help="Only these, not all.")
        parser.add_argument("--days", type=int, default=7, help="How many days before; 7.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["days"] < 1:
            raise CommandError("--days has to be 1 or more.")
        names = [role.name for role in find_roles(options["roles"])] or None
        try:
            number = remind_of_ends(days=options["days"], roles=names)
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{number} reminders")
