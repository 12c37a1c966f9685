"""Delete what has lost its meaning, so that tables do not grow for ever."""

import time
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from ...models import AttemptCounter, OneTimeSecret

#: How long the page of an expired link can still say that it has expired.
DAYS_TO_TELL = 30


class Command(BaseCommand):
    """For cron, once a day."""

    help = "Deletes counters of attempts whose time is over, and links that expired long ago."

    def handle(self, *args: Any, **options: Any) -> None:
        counters, _by_model = AttemptCounter.objects.filter(ends_at__lt=time.time()).delete()
        long_ago = timezone.now() - timedelta(days=DAYS_TO_TELL)
        links = OneTimeSecret.objects.filter(expires_at__lt=long_ago)
        _rows, by_model = links.delete()
        pruned = by_model.get(OneTimeSecret._meta.label, 0)
        self.stdout.write(f"{counters} counters, {pruned} links")
