"""Tell members of beginnings and ends, and have Stripe charge nobody who has left."""

from datetime import timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ...conf import conf
from ...flows import remind_members, stop_renewals, tell_begun, tell_ended
from ...models import ProviderEvent

#: For how long it is known which events were heard. Stripe tells again for some days, on demand 30.
DAYS_KEPT = 90
#: How many rows one statement deletes.
BATCH = 1000


class Command(BaseCommand):
    """For cron, once a day."""

    help = (
        "Mails members whose membership was paid for ahead and has begun, those whose membership "
        "ends within --days, and those whose membership has ended, "
        "each once; stops what Stripe charges for accounts that are closed, switched off or "
        "erased; deletes what is known of its events after 90 days. It may run twice at once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=7, help="7; how long before an end to mail")

    def handle(self, *, days: int, **options: Any) -> None:
        if not 0 < days <= 365:
            raise CommandError("--days is a number from 1 to 365.")
        # First: whoever has left is not charged for a mail that cannot be written.
        stopped, failed = stop_renewals() if conf.STRIPE_SECRET_KEY else (0, 0)
        try:
            begun, reminded, told = tell_begun(), remind_members(days=days), tell_ended()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None
        self.stdout.write(
            f"{begun} told of the beginning, {reminded} reminded, {told} told of the end, "
            f"{stopped} renewals stopped, {_forget_events()} events forgotten"
        )
        if failed:
            raise CommandError(f"{failed} renewals could not be stopped, see the log.")


def _forget_events() -> int:
    old = ProviderEvent.objects.filter(received_at__lt=timezone.now() - timedelta(days=DAYS_KEPT))
    count = 0
    while keys := list(old.order_by("received_at").values_list("pk", flat=True)[:BATCH]):
        count += ProviderEvent.objects.filter(pk__in=keys).delete()[0]
    return count
