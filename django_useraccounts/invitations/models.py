"""Invitations, and who has accepted them."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ..canonical import EMAIL_MAX_LENGTH, Name, shown_email
from ..models import AbstractUser, OneTimeSecret, Role
from ..secrets import Purpose, issue, register_purpose
from .errors import InvalidNote

#: How long an invitation lasts, unless who invites says otherwise.
MAX_AGE = timedelta(days=14)
NOTE_MAX_LENGTH = 500
MOST_USES = 1000

#: Made here, so that whoever delivers mail knows it: models are imported in every process.
ACCEPT_INVITATION = register_purpose(
    Purpose(
        "accept_invitation",
        lambda: MAX_AGE,
        voided_by_epoch=False,
        bound_to_address=False,
        is_to_its_user=False,
    )
)

#: What mail programs make links of: schemes, addresses, www, and names with a dot and letters after
#: it, be the dot one of East Asia, which browsers read as one; numbers of hosts, too.
_LINK = re.compile(
    r"://|mailto:|www\.|\S@\S|[^\W_][.。．｡][^\W\d_]{2}|\d+\.\d+\.\d+\.\d+", re.IGNORECASE
)


def looks_like_link(text: str) -> bool:
    """Say whether mail programs might make a link of a text, or of a part of it."""
    return bool(_LINK.search(text) or _LINK.search(unicodedata.normalize("NFKC", text)))


def clean_note(text: str) -> str:
    """Return a note as plain text of some lines; raise InvalidNote for what looks like a link."""
    # Length first: normalising is what a long text makes slow.
    if len(text) > NOTE_MAX_LENGTH * 2:
        raise InvalidNote(_("The note is too long."))
    lines = (" ".join(line.split()) for line in text.splitlines())
    # What does not print hides a link from the rule below, or turns the text around.
    plain = "\n".join("".join(filter(str.isprintable, line)) for line in lines).strip()
    if len(plain) > NOTE_MAX_LENGTH:
        raise InvalidNote(_("The note is too long."))
    if looks_like_link(plain):
        raise InvalidNote
    return plain


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def unused(self) -> Self:
        """Return those that were neither withdrawn nor accepted by all whom they are for."""
        return self.filter(withdrawn_at=None, uses__lt=F("uses_allowed"))

    def waiting(self) -> Self:
        """Return those that could be accepted now, as far as they themselves tell."""
        return self.unused().filter(expires_at__gt=timezone.now())

    def add(
        self,
        to: Name | None,
        *,
        by: AbstractUser,
        roles: Iterable[Role] = (),
        note: str = "",
        max_age: timedelta | None = None,
        uses: int = 1,
    ) -> "Invitation":
        """Write down an invitation and the row of its link; it mails nothing and asks nobody."""
        link = issue(ACCEPT_INVITATION, address=None, user=by, max_age=max_age, pending=note)
        invitation = self.create(
            link=link,
            invited_by=by,
            email=to.text if to else "",
            email_key=to.key if to else "",
            uses_allowed=uses,
            expires_at=link.expires_at,
        )
        invitation.roles.add(*roles)
        return invitation


class Invitation(models.Model):
    """
    The offer of a user to join, with roles: to one address by mail, or to some people by a link.

    It goes with its link and with who made it: an invitation of nobody opens nothing.
    """

    link = models.OneToOneField(OneTimeSecret, on_delete=models.CASCADE, related_name="invitation")
    invited_by = models.ForeignKey[Any, Any](
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("invited by"),
    )
    #: Where it is mailed to; "" for one whose link is handed out.
    email = models.CharField(_("e-mail address"), max_length=EMAIL_MAX_LENGTH, blank=True)
    email_key = models.CharField(
        max_length=EMAIL_MAX_LENGTH, blank=True, editable=False, db_index=True
    )
    roles = models.ManyToManyField(Role, verbose_name=_("roles"), blank=True, related_name="+")
    # Translators: how many people may accept.
    uses_allowed = models.PositiveSmallIntegerField(_("for how many"), default=1)
    # Translators: how many people have accepted.
    uses = models.PositiveSmallIntegerField(_("accepted by"), default=0)
    created_at = models.DateTimeField(_("written"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"))
    withdrawn_at = models.DateTimeField(pgettext_lazy("point in time", "withdrawn"), null=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        # For the page of who invites: newest first, without sorting all of them.
        indexes = (models.Index(fields=["invited_by", "-id"], name="useraccounts_invited_by"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(uses__lte=F("uses_allowed")), name="useraccounts_invitation_uses"
            ),
            models.CheckConstraint(
                condition=Q(email_key="") | Q(uses_allowed=1), name="useraccounts_mailed_to_one"
            ),
        )

    def __str__(self) -> str:
        return self.shown_email or f"#{self.pk}"

    @property
    def shown_email(self) -> str:
        """The address as people write it, "" for an open one."""
        return shown_email(self.email) if self.email else ""

    @property
    def state(self) -> str:
        """What has become of it: waiting, accepted, withdrawn, expired, or ended with its link."""
        if self.withdrawn_at:
            return "withdrawn"
        if self.uses >= self.uses_allowed:
            return "accepted"
        if self.link.redeemed_at:
            return "ended"
        return "waiting" if self.expires_at > timezone.now() else "expired"

    @property
    def note(self) -> str:
        """A few words of who invites; they are kept with the link, for the mail that carries it."""
        return self.link.pending


class InvitationUse(models.Model):
    """One user has accepted one invitation."""

    invitation = models.ForeignKey(Invitation, on_delete=models.CASCADE, related_name="accepted")
    user = models.ForeignKey[Any, Any](
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["invitation", "user"], name="useraccounts_accepted_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.invitation_id}: {self.user_id}"
