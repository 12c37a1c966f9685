"""Delete what has lost its meaning, so that tables do not grow for ever."""

import time
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from ...conf import conf
from ...emails.flows import prune_unconfirmed
from ...leaving.flows import erase_due
from ...models import (
    AccountEvent,
    AccountExport,
    AttemptCounter,
    OldUsername,
    OneTimeSecret,
    OutgoingMail,
    UndeliverableAddress,
    UserEmail,
)
from ...room import rooms
from ...transactions import repeat_undone

#: How long the page of an expired link can still say that it has expired, and how long a sent mail
#: can be looked for; then its address is kept for nothing.
DAYS_TO_TELL = 30
#: How old events may be at most that are kept: a century.
MOST_DAYS = 36500
#: How many rows one transaction deletes, so that none holds its locks for long.
BATCH = 1000


class Command(BaseCommand):
    """For cron, once a day."""

    help = (
        "Erases accounts that were closed for CLOSED_ACCOUNT_KEPT. Deletes accounts and addresses "
        "that were not confirmed for UNCONFIRMED_MAX_AGE, "
        "counters of attempts whose time is over, usernames that are reserved no longer, "
        "and, after 30 days, expired links with their mails, mails that were sent, mails to "
        "nobody's account that were given up, and reports that an address takes no mail which were "
        "not repeated or are about nobody. Other mails that were given up stay as long as their "
        "link, those without a link as long as the account. Rooms add what they keep no longer. "
        "Events stay, unless you say how long."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--events-older-than",
            type=int,
            metavar="DAYS",
            help="Also delete what the audit trail tells of more than so many days ago.",
        )

    def handle(self, *args: Any, events_older_than: int | None = None, **options: Any) -> None:
        now = timezone.now()
        long_ago = now - timedelta(days=DAYS_TO_TELL)
        # In the order of an index, or of age: each batch finds its rows without reading the rest.
        rows: dict[str, QuerySet[Any]] = {
            "counters": AttemptCounter.objects.filter(ends_at__lt=time.time()).order_by("ends_at"),
            "usernames": OldUsername.objects.filter(released_at__lt=now).order_by("released_at"),
            "links": OneTimeSecret.objects.filter(expires_at__lt=long_ago).order_by("expires_at"),
            "exports": AccountExport.objects.expired(),
            "reports": _forgotten_reports(long_ago),
            "mails": _forgotten_mails(long_ago),
        }
        if events_older_than is not None:
            rows["events"] = _old_events(now, days=events_older_than)
        for room in rooms():
            rows.update(room.outdated())
        erased, not_erased = erase_due(batch=BATCH)
        accounts, claims = prune_unconfirmed(older_than=conf.UNCONFIRMED_MAX_AGE, batch=BATCH)
        pruned = [f"{accounts} accounts", f"{claims} addresses"]
        pruned += [f"{_delete(old)} {what}" for what, old in rows.items()]
        pruned.append(f"{erased} closed accounts")
        self.stdout.write(", ".join(pruned))
        if not_erased:
            raise CommandError(f"{not_erased} closed accounts could not be erased, see the log.")


def _old_events(now: datetime, *, days: int) -> QuerySet[AccountEvent]:
    # Here, not in the parser, which call_command() passes by: -1 would delete all there is.
    if not 0 < days <= MOST_DAYS:
        raise CommandError(f"--events-older-than is {days}, not between 1 and {MOST_DAYS} days.")
    # By their keys, which grow with time: an index of moments would cost every act a little.
    return AccountEvent.objects.filter(at__lt=now - timedelta(days=days)).order_by("pk")


def _forgotten_reports(long_ago: datetime) -> QuerySet[Any]:
    """Return old failures that were not repeated, and reports of addresses that nobody has."""
    owned = UserEmail.objects.filter(email_key=OuterRef("email_key"))
    is_failing = Q(state=UndeliverableAddress.State.FAILING)
    old = UndeliverableAddress.objects.filter(reported_at__lt=long_ago).order_by("reported_at")
    return old.filter(is_failing | ~Exists(owned))


def _forgotten_mails(long_ago: datetime) -> QuerySet[OutgoingMail]:
    """Return mails that were sent, and those to nobody's account that were given up."""
    # The last mail of who was erased, and what strangers had sent to dead addresses.
    given_up = Q(sent_at=None, due_at=None, user=None, secret=None, created_at__lt=long_ago)
    return OutgoingMail.objects.filter(Q(sent_at__lt=long_ago) | given_up).order_by("pk")


def _delete(rows: QuerySet[Any]) -> int:
    """Delete the rows in batches; return how many there were."""
    count = 0
    while keys := list(rows.values_list("pk", flat=True)[:BATCH]):
        # Still under the condition: a counter may have begun anew since its key was read.
        batch = rows.filter(pk__in=keys)
        _rows, by_model = repeat_undone(batch.delete, restore=lambda: None)
        count += by_model.get(rows.model._meta.label, 0)
    return count
