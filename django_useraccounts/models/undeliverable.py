"""Addresses that mail does not reach, whoever has them: what servers and providers report."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..canonical import EMAIL_MAX_LENGTH


class UndeliverableAddress(models.Model):
    """
    One address that made trouble; a mail that arrives, or a new confirmation, deletes the row.

    It points at no user: mail to somebody without account can bounce, too.
    """

    class State(models.TextChoices):
        #: Its server has said for good that it takes no mail.
        BOUNCED = "bounced", _("bounced")
        #: Its reader has called our mail spam.
        COMPLAINED = "complained", _("complained")
        #: Its server did not take the last mails, for a reason that may pass.
        FAILING = "failing", _("failing")

    email_key = models.CharField(max_length=EMAIL_MAX_LENGTH, primary_key=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices)
    #: How many mails in a row it did not take, while ``failing``.
    failures = models.PositiveSmallIntegerField(_("failures"), default=0)
    #: What was reported last, in the words of the server or provider.
    reason = models.CharField(_("reason"), max_length=250, blank=True, default="")
    since = models.DateTimeField(_("since"), default=timezone.now)
    reported_at = models.DateTimeField(_("last reported"), default=timezone.now, db_index=True)

    class Meta:
        verbose_name = _("undeliverable address")
        verbose_name_plural = _("undeliverable addresses")

    def __str__(self) -> str:
        return f"{self.email_key}: {self.get_state_display()}"
