"""What an account holds, packed for its owner, until it is fetched or its link has expired."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .secrets import OneTimeSecret


class AccountExportQuerySet(models.QuerySet["AccountExport"]):
    def due(self) -> Self:
        """Return those to be made now, the ones that have waited longest first."""
        now = timezone.now()
        young = self.filter(secret__expires_at__gt=now)
        return young.filter(made_at=None, due_at__lte=now).order_by("due_at")

    def expired(self) -> Self:
        """Return those that nobody can fetch any more."""
        return self.filter(secret__expires_at__lte=timezone.now()).order_by("pk")


class AccountExport(models.Model):
    """One ZIP, in the database and so behind no URL; it is deleted when it is fetched."""

    user = models.ForeignKey[Any, Any](
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    #: The link that fetches it; with the link goes the ZIP.
    secret = models.OneToOneField(OneTimeSecret, on_delete=models.CASCADE, related_name="+")
    requested_at = models.DateTimeField(_("requested"), default=timezone.now)
    # Translators: when a mail is to be tried next.
    due_at = models.DateTimeField(_("due"), default=timezone.now)
    made_at = models.DateTimeField(_("made"), null=True)
    #: The ZIP, NULL until it is made.
    content = models.BinaryField(null=True)

    objects = AccountExportQuerySet.as_manager()

    class Meta:
        verbose_name = _("account export")
        verbose_name_plural = _("account exports")

    def __str__(self) -> str:
        return f"#{self.user_id}"
