"""
The outbox: a mail is a row in the transaction of what it tells, and is delivered after the commit.

So no mail tells of what was rolled back, no mail is lost when the server of mail or this process
goes away, and no request waits for either.
"""

import logging
import re
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.urls import get_script_prefix
from django.utils import timezone, translation

from .conf import conf
from .courier import courier
from .message import compose
from .models import AbstractUser, OneTimeSecret, OutgoingMail
from .secrets import is_replaced, is_void
from .site import site_name, site_origin

logger = logging.getLogger("django_useraccounts.mail")

#: How long to wait after the first, second, … attempt; after the last one the mail is given up.
DELAYS = tuple(timedelta(minutes=minutes) for minutes in (2, 10, 30, 120, 360, 720, 1440))


def announce(
    kind: str,
    *,
    to: str,
    user: AbstractUser | None = None,
    secret: OneTimeSecret | None = None,
    about: str = "",
    request: HttpRequest | None = None,
) -> OutgoingMail:
    """
    Put a mail of the templates ``useraccounts/mails/<kind>/`` into the outbox.

    It goes to the one stored address ``to``, in the language of the moment, with the link of
    ``secret``, and begins its way after the commit. ``about`` is the address that it tells of.
    """
    origin = site_origin(request)
    mail = OutgoingMail.objects.create(
        kind=kind,
        to=to,
        user=user,
        secret=secret,
        about=about,
        language=translation.get_language() or "",
        base_url=origin + get_script_prefix(),
        site_name=site_name(request, origin=origin),
    )
    if conf.MAIL_DELIVERY == "thread":
        transaction.on_commit(lambda: courier.take(lambda: _deliver_with_due(mail.pk)), robust=True)
    elif conf.MAIL_DELIVERY == "immediate":
        transaction.on_commit(lambda: deliver(mail.pk), robust=True)
    return mail


def deliver(mail_id: int) -> bool:
    """Try a due mail once; return whether it was sent. It never raises for what mail servers do."""
    due = OutgoingMail.objects.due().select_related("user", "secret__user", "secret__address")
    # In the same statement for every kind: which mail it is must not be seen by what it costs.
    mail = due.annotate(is_replaced=is_replaced("secret__")).filter(pk=mail_id).first()
    if mail is None or not _claim(mail):
        return False
    row = OutgoingMail.objects.filter(pk=mail.pk)
    is_late: bool = mail.is_replaced  # type: ignore[attr-defined]
    if mail.secret and is_void(mail.secret, is_replaced=is_late):
        row.update(due_at=None, error="The link of this mail is no longer valid.")
        return False
    try:
        compose(mail).send()
    except Exception as error:
        # Whatever the backend of the site raises: the mail stays, and is tried again.
        what = _describe(error)
        logger.warning("Mail %s (%s) was not sent: %s", mail.pk, mail.kind, what)
        row.update(error=what)
        if mail.attempts >= len(DELAYS):
            row.update(due_at=None)
        return False
    row.update(sent_at=timezone.now(), due_at=None, error="")
    return True


def deliver_due(*, limit: int) -> int:
    """Try up to ``limit`` due mails, the longest waiting first; return how many were sent."""
    due = OutgoingMail.objects.due().values_list("pk", flat=True)[:limit]
    return sum(deliver(mail_id) for mail_id in list(due))


def _deliver_with_due(mail_id: int) -> None:
    # The courier takes along what failed before, so that a small site needs no job of its own.
    deliver(mail_id)
    deliver_due(limit=10)


def _describe(error: Exception) -> str:
    """Return the error in the server's words, less the links: servers quote what they refuse."""
    return re.sub(r"[\w-]{30,}", "…", repr(error))[:250]


def _claim(mail: OutgoingMail) -> bool:
    """Make the next attempt ours: of two workers, the conditional UPDATE lets one through."""
    mine = OutgoingMail.objects.due().filter(pk=mail.pk, attempts=mail.attempts)
    wait = DELAYS[min(mail.attempts, len(DELAYS) - 1)]
    # Should this process die, the mail is due again after the wait.
    claimed = mine.order_by().update(attempts=F("attempts") + 1, due_at=timezone.now() + wait)
    mail.attempts += claimed
    return bool(claimed)
