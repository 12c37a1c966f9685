"""Addresses that mail does not reach, whoever has them: what servers and providers report."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..canonical import EMAIL_MAX_LENGTH, email_key

#: After how many mails in a row that an address did not take it counts as undeliverable.
FAILURES = 5


class UndeliverableAddressQuerySet(models.QuerySet["UndeliverableAddress"]):
    def addressed(self, email: str) -> Self:
        """Return the row of one address, if it has made trouble."""
        return self.filter(email_key=email_key(email))

    def taking_no_mail(self) -> Self:
        """Return those that no mail goes to any more."""
        return self.exclude(Q(state=UndeliverableAddress.State.FAILING, failures__lt=FAILURES))


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

    email_key = models.CharField(_("address"), max_length=EMAIL_MAX_LENGTH, primary_key=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices)
    #: How many mails in a row it did not take, while ``failing``.
    failures = models.PositiveSmallIntegerField(_("failures"), default=0)
    #: What was reported last, in the words of the server or provider.
    reason = models.CharField(_("reason"), max_length=250, blank=True, default="")
    since = models.DateTimeField(_("since"), default=timezone.now)
    reported_at = models.DateTimeField(_("last reported"), default=timezone.now, db_index=True)

    objects = UndeliverableAddressQuerySet.as_manager()

    class Meta:
        verbose_name = _("undeliverable address")
        verbose_name_plural = _("undeliverable addresses")

    def __str__(self) -> str:
        return self.email_key

    @property
    def takes_no_mail(self) -> bool:
        """Whether no mail goes there any more."""
        return self.state != self.State.FAILING or self.failures >= FAILURES
