"""Delete what has lost its meaning, so that tables do not grow for ever."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from ...batches import keys_by_window
from ...conf import conf
from ...emails.flows.pruning import decides_what_is_pruned, prune_unconfirmed
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
#: How long it is kept what strangers have tried at names and addresses that nobody has.
DAYS_OF_STRANGERS = 90
TRIED_BY_STRANGERS = ("login_failed", "password_link_requested", "breach_check_failed")
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
        "Events stay, unless you say how long, but for those of nobody's account that strangers "
        "have left, such as a login with a name that nobody has: they go after 90 days."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--events-older-than",
            type=int,
            metavar="DAYS",
            help="Also delete what the audit trail tells of more than so many days ago, but for "
            "how an account came about that nobody has confirmed yet.",
        )

    def handle(self, *args: Any, events_older_than: int | None = None, **options: Any) -> None:
        now = timezone.now()
        old = _outdated(now, events_older_than)
        erased, not_erased = erase_due(batch=BATCH)
        accounts, claims = prune_unconfirmed(older_than=conf.UNCONFIRMED_MAX_AGE)
        pruned = {"accounts": accounts, "addresses": claims}
        pruned |= {what: sum(map(_delete, lots)) for what, lots in old.items()}
        pruned["closed accounts"] = erased
        self.stdout.write(", ".join(f"{number} {what}" for what, number in pruned.items()))
        if not_erased:
            raise CommandError(f"{not_erased} closed accounts could not be erased, see the log.")


@dataclass(frozen=True)
class Lot:
    """Rows to delete: found in the order of an index, or by a look through the whole table."""

    rows: QuerySet[Any]
    by_index: bool = True


def _outdated(now: datetime, events_older_than: int | None) -> dict[str, list[Lot]]:
    """Return what goes, by the name that is told."""
    long_ago = now - timedelta(days=DAYS_TO_TELL)
    counters = AttemptCounter.objects.filter(ends_at__lt=time.time()).order_by("ends_at")
    names = OldUsername.objects.filter(released_at__lt=now).order_by("released_at")
    links = OneTimeSecret.objects.filter(expires_at__lt=long_ago).order_by("expires_at")
    old = {
        "counters": [Lot(counters)],
        "usernames": [Lot(names)],
        "links": [Lot(links)],
        "exports": [Lot(AccountExport.objects.expired())],
        "reports": [Lot(_forgotten_reports(long_ago), by_index=False)],
        "mails": [*map(Lot, _forgotten_mails(long_ago))],
        "events": [Lot(_events_of_strangers(now))],
    }
    if events_older_than is not None:
        # An index of moments would cost every act a little, for what one command asks once a day.
        old["events"] += [Lot(_old_events(now, days=events_older_than), by_index=False)]
    for room in rooms():
        old |= {what: [Lot(rows)] for what, rows in room.outdated().items()}
    return old


def _events_of_strangers(now: datetime) -> QuerySet[AccountEvent]:
    """Return the rows that strangers can add, about nobody's account."""
    kinds = {*TRIED_BY_STRANGERS, *chain(*(room.tried_by_strangers for room in rooms()))}
    tried = AccountEvent.objects.filter(user=None, kind__in=sorted(kinds))
    return tried.filter(at__lt=now - timedelta(days=DAYS_OF_STRANGERS)).order_by("pk")


def _old_events(now: datetime, *, days: int) -> QuerySet[AccountEvent]:
    # Here, not in the parser, which call_command() passes by: -1 would delete all there is.
    if not 0 < days <= MOST_DAYS:
        raise CommandError(f"--events-older-than is {days}, not between 1 and {MOST_DAYS} days.")
    old = AccountEvent.objects.filter(at__lt=now - timedelta(days=days))
    return old.exclude(decides_what_is_pruned())


def _forgotten_reports(long_ago: datetime) -> QuerySet[Any]:
    """Return old failures that were not repeated, and reports of addresses that nobody has."""
    owned = UserEmail.objects.filter(email_key=OuterRef("email_key"))
    is_failing = Q(state=UndeliverableAddress.State.FAILING)
    old = UndeliverableAddress.objects.filter(reported_at__lt=long_ago)
    return old.filter(is_failing | ~Exists(owned))


def _forgotten_mails(long_ago: datetime) -> Iterator[QuerySet[OutgoingMail]]:
    """Yield mails that were sent, and those to nobody's account that were given up."""
    yield OutgoingMail.objects.filter(sent_at__lt=long_ago).order_by("sent_at")
    # The last mail of who was erased, and what strangers had sent to dead addresses.
    given_up = OutgoingMail.objects.given_up().filter(user=None, secret=None)
    yield given_up.filter(created_at__lt=long_ago).order_by("pk")


def _delete(lot: Lot) -> int:
    """Delete the rows in batches; return how many there were."""
    count, left = 0, keys_by_window(lot.rows)
    first = lot.rows.values_list("pk", flat=True)[:BATCH]
    while keys := list(first.all() if lot.by_index else islice(left, BATCH)):
        count += _delete_those(lot.rows, keys)
    return count


def _delete_those(rows: QuerySet[Any], keys: list[Any]) -> int:
    # Still under the condition: a counter may have begun anew since its key was read.
    batch = rows.filter(pk__in=keys)
    _rows, by_model = repeat_undone(batch.delete, restore=lambda: None)
    return by_model.get(rows.model._meta.label, 0)
