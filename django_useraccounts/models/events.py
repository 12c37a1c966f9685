"""
The audit trail: what was done to an account, by whom, from where.

Rows are only ever added. When a person is erased they stay, without what tells who it was.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..client import client_address

if TYPE_CHECKING:
    from .users import AbstractUser


#: What ``details`` may keep of somebody who is erased: nothing but words that code has chosen.
IMPERSONAL = frozenset(
    (
        "confirmed counts_until erase_at fields groups how is_staff is_superuser role since source "
        "state terms until user_permissions"
    ).split()
)


class AccountEventManager(models.Manager["AccountEvent"]):
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
        Write down an act, in its own transaction; ``details`` holds no secret.

        ``user`` is None for what was refused before anybody knew whose account it is about.
        """
        return self.create(
            kind=kind,
            user=user,
            actor=actor,
            client_address=client_address(request),
            details=dict(details or {}),
        )

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
    client_address = models.GenericIPAddressField(_("from"), null=True)
    # Of Django's kind: the key of a user may be a UUID, which plain JSON cannot hold.
    details = models.JSONField(_("details"), default=dict, encoder=DjangoJSONEncoder)

    objects = AccountEventManager()

    class Meta:
        verbose_name = _("account event")
        verbose_name_plural = _("account events")

    def __str__(self) -> str:
        return f"{self.kind} #{self.user_id}" if self.user_id else self.kind
