"""Make the roles that the settings declare."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from ...errors import AccountError
from ...requirements import guarded_names
from ...roles.flows import rename_role, sync_roles
from ..arguments import find_roles


class Command(BaseCommand):
    """For deployment, after ``migrate``; to run it again changes nothing."""

    help = 'Makes the roles that USERACCOUNTS["ROLES"] declares, and deletes none.'

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--rename",
            nargs=2,
            action="append",
            default=[],
            metavar=("OLD", "NEW"),
            help="Call a role otherwise first: who has it keeps it.",
        )
        parser.add_argument(
            "--check", action="store_true", help="Change nothing; exit with 1 if anything would be."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with transaction.atomic():
                for old, new in options["rename"]:
                    self._rename(old, new)
                sync = sync_roles()
                transaction.set_rollback(options["check"])
        except (AccountError, ValueError) as error:
            raise CommandError(" ".join(getattr(error, "messages", [str(error)]))) from None
        verb = "would be " if options["check"] else ""
        for names, what in ((sync.made, "made"), (sync.changed, "changed")):
            if names:
                self.stdout.write(f"{verb}{what}: {', '.join(names)}")
        if sync.others:
            self.stdout.write(f"not declared, left alone: {', '.join(sync.others)}")
        if not (sync.made or sync.changed or options["rename"]):
            self.stdout.write("Nothing to do.")
        elif options["check"]:
            raise CommandError("The stored roles are not those of the settings.")

    def _rename(self, old: str, new: str) -> None:
        (role,) = find_roles([old])
        rename_role(role, new)
        self.stdout.write(f"{old} is now {new}.")
        places = sorted(guarded_names.get(old, ()))
        if places:
            self.stderr.write(f"Guards still ask for {old}, and let nobody in: {', '.join(places)}")
