"""Send what is due in the outbox, once or for ever."""

import logging
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error, close_old_connections

from ...leaving.flows import make_due_exports
from ...mail import deliver_due

logger = logging.getLogger("django_useraccounts.mail")


class Command(BaseCommand):
    """For cron, beside MAIL_DELIVERY "thread", or alone with "command"."""

    help = (
        "Sends the mails that are due, the longest waiting first, and says how many went out. "
        "With --forever it stays, as many of them as you like at once, until SIGTERM or Ctrl-C; "
        "the mail in hand is finished before."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--limit", type=int, default=1000, help="Try at most so many mails.")
        parser.add_argument("--forever", action="store_true", help="Go on until you are stopped.")
        parser.add_argument(
            "--every", type=float, default=5, metavar="SECONDS", help="Look for mails so often."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["every"] <= 0:
            raise CommandError("--every has to be more than 0.")
        stop = threading.Event()
        if not options["forever"]:
            self.stdout.write(f"{deliver_due(limit=options['limit'])} sent")
            # After the mails, which are not to wait for any of these.
            make_due_exports(limit=options["limit"])
            return
        before = {
            number: signal.signal(number, lambda *_: stop.set())
            for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            self._send_until(stop, limit=options["limit"], every=options["every"])
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _send_until(self, stop: threading.Event, *, limit: int, every: float) -> None:
        while not stop.is_set():
            try:
                if sent := deliver_due(limit=limit, is_stopped=stop.is_set):
                    self.stdout.write(f"{sent} sent")
                make_due_exports(limit=limit)
            except Error:
                # The database may be back at the next look.
                logger.exception("The outbox could not be read.")
            close_old_connections()
            stop.wait(every)
