"""What happened to the roles of a user, to be read: the newest first, from the events."""

from collections.abc import Iterator

from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from ..models import AbstractUser, AccountEvent
from ..sentences import facts_of, sentence_of
from .records import actor_of

#: How many events the page of a user tells; a link leads to all.
SHOWN = 50

KINDS = ("role_granted", "role_extended", "role_revoked")


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
    yield sentence_of(event)
    yield from facts_of(event)
    if who := actor_of(event):
        # Translators: in a line of facts: who did it, a username.
        yield _("by %(who)s") % {"who": who}
    if reason := told.get("reason"):
        # Translators: in a line of facts: why, in the words of who did it.
        yield _("reason: %(reason)s") % {"reason": reason}
