"""How an invitation comes along from its link to whatever page the visitor registers at."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from ..models import AbstractUser
from ..secrets import Link
from .errors import InvitationVoid
from .flows import accept_invitation, standing
from .models import Invitation

_SESSION_KEY = "useraccounts_invitation"


@dataclass(frozen=True)
class InvitationAdmission:
    """An invitation as registering takes it; see ``room.Admission``."""

    invitation: Invitation
    #: Has it ended meanwhile? Taking it then says how.
    has_ended: bool = False

    def __str__(self) -> str:
        return f"invitation {self.invitation.pk}"

    @property
    def email(self) -> str:
        return self.invitation.email

    @property
    def sentence(self) -> str:
        if self.has_ended:
            return ""
        if not self.email:
            return _("You are invited.")
        return _(
            "You are invited. Your address is confirmed already, since our mail has reached you. "
            "If you enter another one, we send a link there to confirm it."
        )

    @property
    def page(self) -> str:
        link = Link(self.invitation.link_id, "")
        return reverse("useraccounts:accept_invitation", args=[link.public_id])

    def take(self, user: AbstractUser, *, request: HttpRequest | None) -> None:
        accept_invitation(self.invitation, user=user, request=request)


def carry(invitation: Invitation, *, request: HttpRequest) -> None:
    """
    Note in the session that this browser has come by the link.

    The id of the invitation, not the link: what is stored opens nothing for who reads it. Under a
    new key: who has planted the session in this browser must not hold the same one.
    """
    request.session.cycle_key()
    request.session[_SESSION_KEY] = invitation.pk
    # It proves an address: not left behind at a computer that others use after this visitor.
    request.session.set_expiry(0)


def carried_by(request: HttpRequest) -> InvitationAdmission | None:
    """
    Return the invitation that the browser has come by, if it can still be accepted.

    One that has ended since is told of once, to who sends a form that was shown before, and is then
    forgotten: whoever may register without it can do so.
    """
    session = getattr(request, "session", None)
    key = session.get(_SESSION_KEY) if session is not None else None
    invitation = Invitation.objects.filter(pk=key).first() if key is not None else None
    if session is None or invitation is None:
        return None
    try:
        return InvitationAdmission(standing(invitation))
    except InvitationVoid:
        del session[_SESSION_KEY]
        is_sent = request.method == "POST"
        return InvitationAdmission(invitation, has_ended=True) if is_sent else None
