"""Pack what an account holds, beside the request, and hand it to its owner once."""

import io
import json
import logging
import zipfile
from datetime import timedelta

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone

from ... import signals
from ...conf import conf
from ...courier import courier
from ...emails.flows.rows import locked
from ...errors import EmailNotConfirmed, LinkInvalid, LinkUsed
from ...identity import has_emails
from ...limits import spend
from ...mail import announce, deliver
from ...message import in_language_of
from ...models import AbstractUser, AccountEvent, AccountExport, OneTimeSecret, OutgoingMail
from ...personal_data import all_personal_data
from ...secrets import FETCH_EXPORT, issue, redeem
from ...transactions import is_outage

logger = logging.getLogger("django_useraccounts.leaving")

#: After how long a ZIP that could not be made is tried again, and that of a process that has died.
RETRY = timedelta(minutes=15)


def request_export(user: AbstractUser, *, request: HttpRequest | None = None) -> AccountExport:
    """
    Have what the account holds packed, beside the request; an older ZIP of it goes.

    The user is mailed a link once it is made; on a site without mail the page leads there. Raises
    TooManyAttempts, and EmailNotConfirmed for who cannot be mailed to.
    """
    if has_emails() and not user.email:
        raise EmailNotConfirmed
    spend("export", identifier=str(user.pk), request=request)
    with transaction.atomic():
        locked(user, request=request)
        OneTimeSecret.objects.filter(user=user, purpose=FETCH_EXPORT.name).delete()
        secret = issue(FETCH_EXPORT, address=None, user=user)
        export = AccountExport.objects.create(user=user, secret=secret)
        if has_emails():
            mail = announce(
                "export_ready", to=user.email, user=user, secret=secret, request=request
            )
            # Written now, while there is a request to tell which site this is, and due once the
            # ZIP is made. If it never is, the link has expired by then, and no mail goes out.
            OutgoingMail.objects.filter(pk=mail.pk).update(due_at=secret.expires_at)
        AccountEvent.objects.record("export_requested", user=user, actor=user, request=request)
        signals.send_on_commit(signals.export_requested, user=user, request=request)
        _make_soon(export.pk)
    return export


def make_due_exports(*, limit: int) -> int:
    """
    Make up to ``limit`` ZIPs that are due, the oldest first, and mail their links; return how many.

    What an app, or the database, refuses to hand out is logged; that ZIP is tried again later.
    """
    keys = list(AccountExport.objects.due().values_list("pk", flat=True)[:limit])
    return sum(_make_or_log(key) for key in keys)


def fetch_export(
    secret: OneTimeSecret, user: AbstractUser, *, request: HttpRequest | None = None
) -> bytes:
    """
    Hand out the ZIP of a link, which is deleted by that.

    Raises LinkInvalid if it is not the user's, and LinkUsed for the second of two, and while it is
    not made yet.
    """
    if secret.user_id != user.pk:
        raise LinkInvalid
    with transaction.atomic():
        redeem(secret)
        export = AccountExport.objects.filter(secret=secret).exclude(content=None).first()
        if export is None:
            raise LinkUsed
        content = bytes(export.content or b"")
        export.delete()
        AccountEvent.objects.record("export_fetched", user=user, actor=user, request=request)
        signals.send_on_commit(signals.export_fetched, user=user, request=request)
    return content


def _make_soon(key: int) -> None:
    """Begin after the commit, in the thread unless mail goes out in the request or by command."""

    def make() -> None:
        # First, whatever else is due: that may be tried in vain, again and again.
        _make_or_log(key)
        make_due_exports(limit=10)

    if conf.MAIL_DELIVERY == "immediate":
        transaction.on_commit(make, robust=True)
    elif conf.MAIL_DELIVERY != "command":
        transaction.on_commit(lambda: courier.take(make), robust=True)


def _make_or_log(key: int) -> bool:
    try:
        return _claim(key) and _make(key)
    except Exception as error:
        if is_outage(error):
            raise
        # Whatever an app raises: the others are not to wait for it.
        logger.exception("The export #%s could not be made.", key)
        return False


def _claim(key: int) -> bool:
    """Make the next attempt ours, and put off the one after it, also should this process die."""
    now = timezone.now()
    mine = AccountExport.objects.filter(pk=key, made_at=None, due_at__lte=now)
    return bool(mine.update(due_at=now + RETRY))


def _make(key: int) -> bool:
    """Make one ZIP; return False if it is not wanted any more, or another worker was faster."""
    waiting = AccountExport.objects.filter(pk=key, made_at=None)
    export = waiting.select_related("user").first()
    if export is None:
        return False
    # Before the transaction: whoever closes the account does not wait for what takes its time.
    content = _pack(export.user)
    with transaction.atomic():
        if not waiting.update(content=content, made_at=timezone.now()):
            return False
        mail = OutgoingMail.objects.filter(secret=export.secret_id).first()
        if mail:
            OutgoingMail.objects.filter(pk=mail.pk).update(due_at=timezone.now())
            transaction.on_commit(lambda: deliver(mail.pk), robust=True)
    return True


def _pack(user: AbstractUser) -> bytes:
    """Return a ZIP of one JSON file for each app that holds something, and a text about them."""
    held = [part for part in all_personal_data() if part.export]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        with in_language_of(user):
            context = {"user": user, "names": [part.name for part in held]}
            readme = render_to_string("useraccounts/leaving/export_readme.txt", context)
            packed.writestr("README.txt", readme)
        for part in held:
            data = part.export(user) if part.export else None
            text = json.dumps(data, cls=DjangoJSONEncoder, indent=2, ensure_ascii=False)
            packed.writestr(f"{part.name}.json", text)
    return buffer.getvalue()
