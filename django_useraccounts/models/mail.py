"""The outbox: every mail is a row before it is a mail."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..canonical import EMAIL_MAX_LENGTH
from .roles import RoleGrant
from .secrets import OneTimeSecret


class OutgoingMailQuerySet(models.QuerySet["OutgoingMail"]):
    def due(self, at: Any = None) -> Self:
        """Return the mails to be tried now, those that have waited longest first."""
        return self.filter(due_at__lte=at or timezone.now()).order_by("due_at")

    def given_up(self) -> Self:
        """Return the mails that were not sent and are not tried again."""
        return self.filter(due_at=None, sent_at=None)


class OutgoingMail(models.Model):
    """One mail to one address. It holds no secret: its link is derived when it is rendered."""

    # Translators: which one of the mails, or of the events of Stripe, it is.
    kind = models.CharField(_("kind"), max_length=40)
    to = models.CharField(_("recipient"), max_length=EMAIL_MAX_LENGTH)
    user = models.ForeignKey[Any, Any](
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+"
    )
    secret = models.ForeignKey(OneTimeSecret, on_delete=models.CASCADE, null=True, related_name="+")
    #: The role of the user that it tells of.
    grant = models.ForeignKey(RoleGrant, on_delete=models.CASCADE, null=True, related_name="+")
    #: The address that it tells of, where that is not the one it goes to; "" for none.
    about = models.CharField(max_length=EMAIL_MAX_LENGTH, blank=True, default="")
    #: What it tells of besides, as its reader knows it, such as a provider, or a word for its
    #: template; "" for nothing.
    what = models.CharField(max_length=EMAIL_MAX_LENGTH, blank=True, default="")
    language = models.CharField(max_length=16)
    #: Scheme, host and script prefix that its links start with.
    base_url = models.CharField(max_length=300)
    site_name = models.CharField(max_length=250)
    created_at = models.DateTimeField(_("written"), default=timezone.now)
    #: When it may be tried (again); NULL when it is sent or given up.
    # Translators: when a mail is to be tried next.
    due_at = models.DateTimeField(_("due"), null=True, db_index=True, default=timezone.now)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    sent_at = models.DateTimeField(_("sent"), null=True, db_index=True)
    #: What the last attempt met.
    error = models.CharField(_("error"), max_length=250, blank=True, default="")

    objects = OutgoingMailQuerySet.as_manager()

    class Meta:
        verbose_name = _("outgoing mail")
        verbose_name_plural = _("outgoing mails")

    def __str__(self) -> str:
        return f"{self.kind} → {self.to}"
