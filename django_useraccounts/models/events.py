"""
The audit trail: what was done to an account, by whom, from where, by which page.

Rows are only ever added. When a person is erased they stay, without what tells who it was. Each is
told after its commit, by a signal and by the logger ``django_useraccounts.audit``.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .. import signals
from ..client import client_address

if TYPE_CHECKING:
    from .users import AbstractUser

logger = logging.getLogger("django_useraccounts.audit")

#: What ``details`` may keep of somebody who is erased: nothing but words that code has chosen.
IMPERSONAL = frozenset(
    (
        "confirmed counts_until erase_at fields groups how is_staff is_superuser role since source "
        "state terms until user_permissions"
    ).split()
)

VIA_MAX_LENGTH = 100


class AccountEventManager(models.Manager["AccountEvent"]):
    """Adds rows to the trail, and changes in them only what tells who somebody was."""

    def record(
        self,
        kind: str,
        *,
        user: "AbstractUser | None",
        actor: "AbstractUser | None" = None,
        details: Mapping[str, object] | None = None,
        request: HttpRequest | None = None,
    ) -> "AccountEvent":
        """
        Write down an act, in the transaction of the act; ``details`` holds no secret.

        ``user`` is None for what is about no account, or was refused before anybody knew whose.
        ``actor`` is None for the site itself, and for whoever has proved to be nobody in
        particular: the reader of a mailbox, a stranger who fails to log in. What cannot be written
        raises, so that nothing is done without its event.
        """
        event = self.create(
            kind=kind,
            user=user,
            actor=actor,
            client_address=client_address(request),
            via=_page_of(request),
            details=dict(details or {}),
        )
        _tell_after_commit(event)
        return event

    def record_all(self, events: "Sequence[AccountEvent]") -> None:
        """Write down acts of the site itself about many accounts, by one statement."""
        if events:
            self.bulk_create(events)
            for event in events:
                _tell_after_commit(event)

    def forget(self, user: "AbstractUser") -> None:
        """
        Take out of the trail what tells who ``user`` was: addresses, names, what people have typed.

        Whose account it was, who acted, when and what stays: the keys are pseudonyms from now on.
        """
        self.filter(Q(user=user) | Q(actor=user)).update(client_address=None)
        told = self.filter(user=user).exclude(details={})
        for event in told.only("details").iterator(chunk_size=1000):
            kept = {name: event.details[name] for name in IMPERSONAL & event.details.keys()}
            if kept != event.details:
                self.filter(pk=event.pk).update(details=kept)


class AccountEvent(models.Model):
    """One act. The keys of user and actor stay when their rows go: an account keeps its history."""

    kind = models.CharField(_("kind"), max_length=40)
    user = models.ForeignKey[Any, Any](
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="+",
        verbose_name=_("whose account"),
    )
    actor = models.ForeignKey[Any, Any](
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        null=True,
        related_name="+",
        verbose_name=_("who did it"),
    )
    at = models.DateTimeField(_("when"), default=timezone.now)
    client_address = models.GenericIPAddressField(_("network address"), null=True)
    #: The name of the URL of the page, such as "useraccounts:login"; "" for commands and code.
    # Translators: by which page or command something was done.
    via = models.CharField(_("by way of"), max_length=VIA_MAX_LENGTH, default="")
    # Of Django's kind: the key of a user may be a UUID, which plain JSON cannot hold.
    details = models.JSONField(_("details"), default=dict, encoder=DjangoJSONEncoder)

    objects = AccountEventManager()

    class Meta:
        verbose_name = _("account event")
        verbose_name_plural = _("account events")
        # No others exist: nobody can be given the right to change what has happened.
        default_permissions = ("view",)
        # With the key behind the user, PostgreSQL reads the newest events of one, and no others.
        indexes = (models.Index(fields=("user", "id"), name="useraccounts_event_of_user"),)

    def __str__(self) -> str:
        return f"{self.kind} #{self.user_id}" if self.user_id else self.kind


def _page_of(request: HttpRequest | None) -> str:
    """Return the name of the URL that was asked for: a word of code, which nobody can type."""
    match = request.resolver_match if request else None
    if match is None:
        return ""
    # By the names of the apps: an administration that a site calls otherwise is "admin" here, too.
    return ":".join((*match.app_names, match.url_name or ""))[:VIA_MAX_LENGTH]


def _tell_after_commit(event: AccountEvent) -> None:
    # Not by partial(): it has no name, by which Django logs what a robust callback raises.
    transaction.on_commit(lambda: _tell(event), using=event._state.db, robust=True)


def _tell(event: AccountEvent) -> None:
    """Tell of an event that is committed; what a handler or receiver raises undoes nothing."""
    signals.account_event_recorded.send_robust(sender=AccountEvent, event=event)
    if not logger.isEnabledFor(logging.INFO):
        return
    facts = {
        "kind": event.kind,
        "user_key": event.user_id,
        "actor_key": event.actor_id,
        "client_address": event.client_address,
        "via": event.via,
        "details": event.details,
    }
    # As ASCII with escapes: what somebody has typed begins no line, and colours no terminal.
    line = json.dumps(facts, cls=DjangoJSONEncoder)
    # Read back, so that any formatter can write a UUID, too.
    extra = {"event_key": event.pk, "at": event.at.isoformat(), **json.loads(line)}
    logger.info("%s", line, extra=extra)
