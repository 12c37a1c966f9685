"""Make the roles that the settings declare."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from ...errors import AccountError
from ...requirements import guarded_names
from ...roles.flows import Sync, rename_role, sync_roles
from ...transactions import repeat_undone
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
        def act() -> Sync:
            with transaction.atomic():
                for old, new in options["rename"]:
                    rename_role(find_roles([old])[0], new)
                sync = sync_roles()
                transaction.set_rollback(options["check"])
            return sync

        try:
            # Two machines that are deployed to at once may come into each other's way.
            sync = repeat_undone(act, restore=lambda: None)
        except (AccountError, ValueError) as error:
            raise CommandError(" ".join(getattr(error, "messages", [str(error)]))) from None
        verb = "would be " if options["check"] else ""
        self._tell_renamed(options["rename"], verb=verb)
        self._tell(f"{verb}made", sync.made)
        self._tell(f"{verb}changed", sync.changed)
        self._tell("not declared, left alone", sync.others)
        if not (sync.made or sync.changed or options["rename"]):
            self.stdout.write("Nothing to do.")
        elif options["check"]:
            raise CommandError("The stored roles are not those of the settings.")

    def _tell(self, what: str, names: list[str]) -> None:
        if names:
            self.stdout.write(f"{what}: {', '.join(names)}")

    def _tell_renamed(self, renamed: list[list[str]], *, verb: str) -> None:
        self._tell(f"{verb}renamed", [f"{old} to {new}" for old, new in renamed])
        for old, _new in renamed:
            if places := sorted(guarded_names.get(old, ())):
                where = ", ".join(places)
                self.stderr.write(f"Guards still ask for {old}, and let nobody in: {where}")
