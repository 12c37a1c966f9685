"""
The outbox: a mail is a row in the transaction of what it tells, and is delivered after the commit.

So no mail tells of what was rolled back, no mail is lost when the server of mail or this process
goes away, and no request waits for either.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import DateTimeField, Exists, F, OuterRef
from django.db.models.functions import Lower
from django.http import HttpRequest
from django.urls import get_script_prefix
from django.utils import timezone, translation
from django.utils.module_loading import import_string

from . import compat
from .canonical import EMAIL_MAX_LENGTH, email_key
from .compiled import Slot, compiled
from .conf import conf
from .courier import courier
from .message import HINTS, compose
from .models import (
    AbstractUser,
    OneTimeSecret,
    OutgoingMail,
    RoleGrant,
    UndeliverableAddress,
    UserEmail,
)
from .models.mail import OutgoingMailQuerySet
from .refusals import State, as_kept, state_of_error
from .secrets import CONFIRM_EMAIL, RESET_PASSWORD, is_replaced, is_void
from .site import site_name, site_origin
from .transactions import is_outage
from .undeliverable import is_undeliverable, report_delivered, report_undeliverable

logger = logging.getLogger("django_useraccounts.mail")

#: How long to wait after the first, second, … attempt; after the last one the mail is given up.
DELAYS = tuple(timedelta(minutes=minutes) for minutes in (2, 10, 30, 120, 360, 720, 1440))
#: For how long an attempt keeps the mail to itself: longer than any mail server is waited for. The
#: mail of a process that dies meanwhile is due again afterwards.
LEASE = timedelta(minutes=15)
#: Mails of one act are written at most so far apart.
SAME_MOMENT = timedelta(seconds=5)


def announce(
    kind: str,
    *,
    to: str,
    user: AbstractUser | None = None,
    secret: OneTimeSecret | None = None,
    about: str = "",
    what: str = "",
    grant: RoleGrant | None = None,
    request: HttpRequest | None = None,
) -> OutgoingMail:
    """
    Put a mail of the templates ``useraccounts/mails/<kind>/`` into the outbox.

    It goes to the one stored address ``to``, in the language of the moment, with the link of
    ``secret``, and begins its way after the commit. ``about`` is the address,
    ``grant`` the role of the user, and ``what`` the name of anything else, that it tells of.
    """
    origin = site_origin(request)
    mail = OutgoingMail.objects.create(
        kind=kind,
        to=to,
        user=user,
        secret=secret,
        about=about,
        what=what[:EMAIL_MAX_LENGTH],
        grant=grant,
        language=translation.get_language() or "",
        base_url=origin + get_script_prefix(),
        site_name=site_name(request, origin=origin),
    )
    _set_out_after_commit(mail)
    return mail


def send_again(mail: OutgoingMail) -> bool:
    """Give a mail that was given up a new start; return whether it was one."""
    given_up = OutgoingMail.objects.given_up().filter(pk=mail.pk)
    is_ours = given_up.order_by().update(due_at=timezone.now(), attempts=0)
    if is_ours:
        _set_out_after_commit(mail)
    return bool(is_ours)


def carry(mail_id: int) -> None:
    """
    Deliver one mail, and take along up to ten that are due, so that a small site needs no cron.

    For the thread, and for whatever else MAIL_DELIVERY names: Celery, or another queue.
    """
    deliver(mail_id)
    deliver_due(limit=10)


def deliver(mail_id: int) -> bool:
    """Try a due mail once; return whether it was sent. It never raises for what mail servers do."""
    mail: Any = compiled(_of_due, OutgoingMail).first(key=mail_id, moment=timezone.now())
    if mail is None or not _claim(mail):
        return False
    wanted = mail.to
    try:
        reason = _reason_against(mail)
        if not reason:
            _send(compose(mail))
    except Exception as error:
        # Whatever the backend of the site raises, or a link of an app that is gone: the mail stays,
        # and is tried again.
        return _after_failure(mail, error)
    if reason:
        _note(mail, due_at=None, error=reason)
        return False
    instead = "" if mail.to == wanted else f"Sent there instead of {wanted}, which takes no mail."
    # It has left, and would leave again and again if the column refused a note that is too long.
    instead = instead[: OutgoingMail._meta.get_field("error").max_length]
    _note(mail, to=mail.to, sent_at=timezone.now(), due_at=None, error=instead)
    if mail.has_trouble and not compat.sends_by_anymail():
        # What a provider takes has not arrived: it tells later what has become of it.
        report_delivered(mail.to)
    return True


def _of_due(mails: OutgoingMailQuerySet) -> OutgoingMailQuerySet:
    # In the same statement for every kind: which mail it is must not be seen by what it costs.
    trouble = UndeliverableAddress.objects.filter(email_key=Lower(OuterRef("to")))
    return (
        mails.due(Slot("moment", DateTimeField()))
        .filter(pk=Slot("key", OutgoingMail._meta.pk))
        .select_related("user", "secret__user", "secret__address", "grant")
        .annotate(is_replaced=is_replaced("secret__"), has_trouble=Exists(trouble))
        .order_by()
    )


def deliver_due(*, limit: int, is_stopped: Callable[[], bool] = lambda: False) -> int:
    """
    Try up to ``limit`` due mails, the longest waiting first; return how many were sent.

    ``is_stopped`` is asked before each.
    """
    sent = 0
    for mail_id in list(OutgoingMail.objects.due().values_list("pk", flat=True)[:limit]):
        if is_stopped():
            break
        try:
            sent += deliver(mail_id)
        except Exception as error:
            if is_outage(error):
                raise
            # Whatever a database refuses of this one: the others are not to wait for it.
            logger.exception("Mail %s could not be handled.", mail_id)
    return sent


def _set_out_after_commit(mail: OutgoingMail) -> None:
    how = conf.MAIL_DELIVERY
    if how != "command":
        transaction.on_commit(lambda: _set_out(mail.pk, how), robust=True)


def _set_out(mail_id: int, how: str) -> None:
    if how == "thread":
        courier.take(lambda: carry(mail_id))
    elif how == "immediate":
        deliver(mail_id)
    elif how == "tasks":
        from .tasks import carry_mail  # noqa: PLC0415

        carry_mail.enqueue(mail_id)
    else:
        import_string(how)(mail_id)


def _claim(mail: OutgoingMail) -> bool:
    """Make the next attempt ours: of two workers, the conditional UPDATE lets one through."""
    mine = OutgoingMail.objects.due().filter(pk=mail.pk, attempts=mail.attempts)
    claimed = mine.order_by().update(attempts=F("attempts") + 1, due_at=timezone.now() + LEASE)
    mail.attempts += claimed
    return bool(claimed)


def _reason_against(mail: OutgoingMail) -> str:
    """Return why a mail is not to leave, else "", and then it goes where mail arrives."""
    if mail.attempts > len(DELAYS):
        return "The last attempt was broken off."
    if mail.secret and is_void(mail.secret, is_replaced=mail.is_replaced):  # type: ignore[attr-defined]
        return "The link of this mail is no longer valid."
    if _is_overtaken(mail):
        return "The role of this mail does not end as it tells."
    if mail.has_trouble:  # type: ignore[attr-defined]
        mail.to = _reachable(mail)
    return "" if mail.to else "No mail goes to this address any more."


def _is_overtaken(mail: OutgoingMail) -> bool:
    """Say whether the role that a mail reminds of has ended already, or was extended since."""
    if mail.kind != "role_ending" or mail.grant is None:
        return False
    end = mail.grant.ends_at
    return mail.grant.reminded_at is None or end is None or end <= timezone.now()


def _reachable(mail: OutgoingMail) -> str:
    """Return where the mail can go: to its address, else to another of its user, else ""."""
    if not is_undeliverable(mail.to):
        return mail.to
    # Its reader has asked for such a link: to show that the address works again, or because there
    # is no other way in, and the account would be lost.
    is_asked_for = _purpose(mail) in {CONFIRM_EMAIL.name, RESET_PASSWORD.name}
    other = _other_address(mail)
    if other:
        _have_link_follow(mail, other)
        return other.email
    return mail.to if is_asked_for else ""


def _have_link_follow(mail: OutgoingMail, other: UserEmail) -> None:
    """
    Bind the link of a mail to the address that the mail goes to now, if it is bound to any.

    Else who reads that mailbox, and is a thief, keeps the link when the owner takes it off. Other
    attempts have to go there, too.
    """
    secret = mail.secret
    if secret and secret.address_id:
        with transaction.atomic():
            secret.address, secret.email_key = other, other.email_key
            secret.save(update_fields=["address", "email_key"])
            _note(mail, to=other.email)


def _purpose(mail: OutgoingMail) -> str:
    return mail.secret.purpose if mail.secret else ""


def _other_address(mail: OutgoingMail) -> UserEmail | None:
    """
    Return another proved address of the user that takes mail, the primary one first, if any.

    Not for a link that proves this address or takes a change back, and only in place of an address
    that is proved itself. Who is told the same by a mail of the same moment needs no second one.
    """
    if mail.about or _purpose(mail) == CONFIRM_EMAIL.name:
        return None
    rows = list(UserEmail.objects.confirmed().filter(user=mail.user)) if mail.user else []
    keys = [row.email_key for row in rows]
    if email_key(mail.to) not in keys:
        return None
    troubled = UndeliverableAddress.objects.taking_no_mail().filter(pk__in=keys)
    bad = set(troubled.values_list("pk", flat=True))
    told = _told_the_same(mail)
    good = [row for row in rows if row.email_key not in bad and row.email not in told]
    return min(good, key=lambda row: (not row.is_primary, row.pk), default=None)


def _told_the_same(mail: OutgoingMail) -> set[str]:
    """Return where other mails of the act that a mail tells of go."""
    moment = (mail.created_at - SAME_MOMENT, mail.created_at + SAME_MOMENT)
    same = OutgoingMail.objects.filter(
        user=mail.user, kind=mail.kind, grant=mail.grant, what=mail.what, created_at__range=moment
    ).exclude(pk=mail.pk)
    # What had left before this one was written is of another act: who asks twice for a link has
    # ended the older one by the newer one.
    return set(same.exclude(sent_at__lt=mail.created_at).values_list("to", flat=True))


def _send(message: EmailMessage) -> None:
    """Send it, short of what the provider of the site cannot do for us."""
    if not compat.sends_by_anymail():
        message.send()
        return
    # Not at the head: it takes a library of HTTP along, which other sites never need.
    from anymail.exceptions import AnymailUnsupportedFeature  # noqa: PLC0415

    for hints in (*HINTS, ()):
        try:
            message.send()
        except AnymailUnsupportedFeature:
            # Told before anything leaves.
            if not hints:
                raise
            for name in hints:
                delattr(message, name)
        else:
            return


def _after_failure(mail: OutgoingMail, error: Exception) -> bool:
    """Keep the mail for the next attempt, unless it was the last, or the address takes none."""
    what = as_kept(repr(error))
    logger.warning("Mail %s (%s) was not sent: %s", mail.pk, mail.kind, what)
    state = state_of_error(error)
    is_last = mail.attempts >= len(DELAYS) or state == State.BOUNCED
    wait = DELAYS[min(mail.attempts, len(DELAYS)) - 1]
    _note(mail, error=what, due_at=None if is_last else timezone.now() + wait)
    if state and is_last:
        report_undeliverable(mail.to, state=state, reason=what)
    if state != State.BOUNCED or not _other_address(mail):
        return False
    _note(mail, due_at=timezone.now(), attempts=0)
    return deliver(mail.pk)


def _note(mail: OutgoingMail, **columns: object) -> None:
    OutgoingMail.objects.filter(pk=mail.pk).update(**columns)
