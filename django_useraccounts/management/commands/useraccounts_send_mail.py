"""Send what is due in the outbox."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ...leaving.flows import make_due_exports
from ...mail import deliver_due


class Command(BaseCommand):
    """For cron, beside MAIL_DELIVERY "thread", or alone with "command"."""

    help = "Sends the mails that are due, the longest waiting first, and says how many went out."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--limit", type=int, default=1000, help="Try at most so many mails.")

    def handle(self, *args: Any, **options: Any) -> None:
        # Before the mails: theirs go out with the others.
        make_due_exports(limit=options["limit"])
        sent = deliver_due(limit=options["limit"])
        self.stdout.write(f"{sent} sent")
