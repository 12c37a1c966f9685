"""What happened to the roles of a user, to be read: the newest first, from the events."""

from collections.abc import Iterator
from datetime import datetime

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..models import AbstractUser, AccountEvent
from .records import actor_of

#: How many events the page of a user tells; a link leads to all.
SHOWN = 50

KINDS = {
    "role_granted": gettext_lazy("Granted: %(role)s"),
    "role_extended": gettext_lazy("Extended: %(role)s"),
    "role_revoked": gettext_lazy("Revoked: %(role)s"),
}


def role_history(user: AbstractUser) -> str:
    """Return the latest events about the roles of ``user`` as HTML; two statements."""
    # A list, not a table: on a telephone, Django's forms cut off what is wider than they are.
    events = AccountEvent.objects.filter(user=user, kind__in=KINDS).order_by("-pk")
    told = [
        {"at": event.at, "facts": list(_facts(event))}
        for event in events.prefetch_related("actor")[:SHOWN]
    ]
    return render_to_string("useraccounts/admin/role_history.html", {"events": told})


def _facts(event: AccountEvent) -> Iterator[str]:
    told = event.details
    yield str(KINDS[event.kind]) % {"role": told.get("role", "")}
    if since := told.get("since"):
        yield _("from %(moment)s") % {"moment": _shown(since)}
    if until := told.get("until"):
        yield _("until %(moment)s") % {"moment": _shown(until)}
    elif "until" in told:
        yield _("for good")
    if counts_until := told.get("counts_until"):
        yield _("with grace until %(moment)s") % {"moment": _shown(counts_until)}
    if who := actor_of(event):
        yield _("by %(who)s") % {"who": who}
    if source := told.get("source"):
        yield _("source: %(source)s") % {"source": source}
    if reason := told.get("reason"):
        yield _("reason: %(reason)s") % {"reason": reason}


def _shown(text: str) -> str:
    moment: datetime | None = parse_datetime(text)
    if moment is None:
        return text
    local = timezone.localtime(moment) if timezone.is_aware(moment) else moment
    return date_format(local, "DATETIME_FORMAT")
