"""The audit trail: what was done to an account, by whom, from where. Rows are only ever added."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..client import client_address

if TYPE_CHECKING:
    from .users import AbstractUser


class AccountEventManager(models.Manager["AccountEvent"]):
    def record(
        self,
        kind: str,
        *,
        user: "AbstractUser",
        actor: "AbstractUser | None" = None,
        details: Mapping[str, object] | None = None,
        request: HttpRequest | None = None,
    ) -> "AccountEvent":
        """Write down an act, in its own transaction; ``details`` holds no secret."""
        return self.create(
            kind=kind,
            user=user,
            actor=actor,
            client_address=client_address(request),
            details=dict(details or {}),
        )


class AccountEvent(models.Model):
    """One act. The keys of user and actor stay when their rows go: an account keeps its history."""

    kind = models.CharField(_("kind"), max_length=40)
    user = models.ForeignKey[Any, Any](
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
        verbose_name=_("whose account"),
    )
    actor = models.ForeignKey[Any, Any](
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="+",
        verbose_name=_("who did it"),
    )
    at = models.DateTimeField(_("when"), default=timezone.now)
    client_address = models.GenericIPAddressField(_("from"), null=True)
    details = models.JSONField(_("details"), default=dict)

    objects = AccountEventManager()

    class Meta:
        verbose_name = _("account event")
        verbose_name_plural = _("account events")

    def __str__(self) -> str:
        return f"{self.kind} #{self.user_id}"
