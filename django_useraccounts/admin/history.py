"""What happened to the roles of a user, to be read: the newest first, from the events."""

from collections.abc import Iterator
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from ..models import AbstractUser, AccountEvent
from .records import actor_of

#: How many events the page of a user tells; a link leads to all.
SHOWN = 50

KINDS = {
    "role_granted": _("Granted"),
    "role_extended": _("Extended"),
    "role_revoked": _("Revoked"),
}


def role_history(user: AbstractUser) -> str:
    """Return the latest events about the roles of ``user`` as a table of HTML; two statements."""
    events = AccountEvent.objects.filter(user=user, kind__in=KINDS).order_by("-pk")
    rows = list(_rows(events.prefetch_related("actor")[:SHOWN]))
    return render_to_string("useraccounts/admin/role_history.html", {"rows": rows})


def _rows(events: Any) -> Iterator[dict[str, Any]]:
    for event in events:
        told = event.details
        yield {
            "at": event.at,
            "what": KINDS[event.kind],
            "role": told.get("role", ""),
            "since": _moment(told.get("since")),
            "until": _moment(told.get("until")),
            # A revocation tells of no end but its own moment.
            "is_for_good": "until" in told and told["until"] is None,
            "who": actor_of(event),
            "source": told.get("source", ""),
            "reason": told.get("reason", ""),
        }


def _moment(text: str | None) -> Any:
    moment = parse_datetime(text) if text else None
    return timezone.localtime(moment) if moment and timezone.is_aware(moment) else moment
