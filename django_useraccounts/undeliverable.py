"""
Addresses that mail does not reach: anybody may report one, and a new confirmation heals it.

No more mail goes there, and nothing else happens to the account. Django's own SMTP is read in
``mail``, and the webhooks of django-anymail in ``refusals``; who has another source calls
:func:`report_undeliverable`.
"""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.utils import timezone

from . import signals
from .canonical import email_key
from .models import AccountEvent, UndeliverableAddress, UserEmail
from .refusals import as_kept, is_delivered, state_of_event

State = UndeliverableAddress.State

#: Failures that follow one another more closely count as one: webhooks come twice, and five mails
#: of one minute that meet one full mailbox say no more than one.
APART = timedelta(hours=1)


def report_undeliverable(email: str, *, state: str, reason: str = "") -> None:
    """
    Note that mail did not reach an address: ``bounced``, ``complained`` or ``failing``.

    The first two end all mail to it at once, the last one after five reports in a row. The owner,
    if it has one, gets an event and the signal ``email_undeliverable`` when that begins. Whatever
    ``reason`` says is kept, short of links, up to 250 characters. A text that is no address is
    ignored.
    """
    key = email_key(email)
    if not key or state not in State:
        return
    with transaction.atomic():
        row, _is_new = UndeliverableAddress.objects.select_for_update().get_or_create(
            email_key=key, defaults={"state": State.FAILING}
        )
        took_mail = not row.takes_no_mail
        _note(row, state, reason)
        row.save()
        if took_mail and row.takes_no_mail:
            _tell(row)


def report_delivered(email: str) -> None:
    """Note that a mail has arrived: failures before it count no more. A bounce stays one."""
    UndeliverableAddress.objects.addressed(email).filter(state=State.FAILING).delete()


def heal(email: str) -> bool:
    """Let mail go to an address again; return whether something was in the way."""
    return bool(UndeliverableAddress.objects.addressed(email).delete()[0])


def is_undeliverable(email: str) -> bool:
    """Say whether no mail goes to an address."""
    return UndeliverableAddress.objects.taking_no_mail().addressed(email).exists()


def with_trouble(addresses: QuerySet[UserEmail]) -> QuerySet[UserEmail]:
    """
    Load with each address its state as ``trouble``, and whether it ``takes_no_mail``.

    Of one that is only claimed nothing is told: else anybody could read by a claim what a stranger
    has done with our mail, or that a dead address has an account, which gets no mail there.
    """
    rows = UndeliverableAddress.objects.filter(email_key=OuterRef("verified_key"))
    return addresses.annotate(
        trouble=Subquery(rows.values("state")), takes_no_mail=Exists(rows.taking_no_mail())
    )


def note_tracking_event(*, event: Any, **kwargs: Any) -> None:
    """Read what a provider reports; a receiver of django-anymail's signal ``tracking``."""
    # What a provider posts is JSON, and django-anymail hands it on as it is.
    if not event.recipient or not isinstance(event.recipient, str):
        return
    state = state_of_event(event)
    if state:
        reason = str(event.mta_response or event.description or event.event_type)
        report_undeliverable(event.recipient, state=state, reason=reason)
    elif is_delivered(event):
        report_delivered(event.recipient)


def _note(row: UndeliverableAddress, state: str, reason: str) -> None:
    now = timezone.now()
    if state != State.FAILING:
        row.state = state
    elif row.state == State.FAILING and (not row.failures or now - row.reported_at >= APART):
        row.failures += 1
    row.reason, row.reported_at = as_kept(reason), now


def _tell(row: UndeliverableAddress) -> None:
    owners = UserEmail.objects.filter(verified_key=row.email_key).select_related("user")
    for address in owners:
        details = {"address": address.email, "state": row.state}
        AccountEvent.objects.record("email_undeliverable", user=address.user, details=details)
        signals.send_on_commit(
            signals.email_undeliverable, user=address.user, email=address, state=row.state
        )
