"""Addresses that mail does not reach: what is reported, what heals, and how pages ask."""

from django.db.models import OuterRef, QuerySet, Subquery

from .canonical import email_key
from .models import UndeliverableAddress


def undeliverable_state(email_ref: str) -> Subquery:
    """Return the state of the address whose key stands in ``email_ref``, for a queryset."""
    rows: QuerySet[UndeliverableAddress] = UndeliverableAddress.objects.filter(
        email_key=OuterRef(email_ref)
    )
    return Subquery(rows.values("state"))


def heal(email: str) -> None:
    """Let mail go to an address again."""
    UndeliverableAddress.objects.filter(email_key=email_key(email)).delete()
