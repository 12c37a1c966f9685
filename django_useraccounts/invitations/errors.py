"""What can go wrong with an invitation, each as a fact with its sentence."""

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from .. import errors
from ..errors import AccountError, LinkError


class MayNotInvite(AccountError):
    sentence = _("You may not invite people.")
    status = 403


class MayNotGrant(errors.MayNotGrant):
    sentence = _("You may not give these roles.")
    field = "roles"


class AlreadyInvited(AccountError):
    sentence = _("You have invited this address already. Send that invitation again instead.")
    field = "email"


class InvalidNote(AccountError):
    sentence = _(
        "A note may have no links and no addresses. Leave a space after a full stop, too: "
        "mail programs make a link of what looks like one."
    )
    field = "note"


class InvalidUses(AccountError):
    sentence = _("A link can be for 1 to 1000 people.")
    field = "uses"


class MailedToOne(AccountError):
    sentence = _("An invitation that is mailed is for one person. Leave the address out for more.")
    field = "uses"


class InvalidMaxAge(AccountError):
    sentence = _("An invitation can last for up to a year.")
    field = "days"


class NotMailed(AccountError):
    sentence = _("This invitation has no address: hand out its link.")


class OwnInvitation(AccountError):
    sentence = _("This is an invitation of your own. It is for somebody else to accept.")


class InvitationVoid(LinkError):
    """An invitation that nobody can accept any more; ``reason`` is its state."""

    status = 410
    sentences: ClassVar[dict[str, Any]] = {
        "withdrawn": _("This invitation was withdrawn."),
        "accepted": _("This invitation was accepted already."),
        "expired": _("This invitation has expired."),
        "ended": _(
            "This invitation is no longer valid: "
            "the person who sent it may not invite you any more."
        ),
    }

    def __init__(self, reason: str) -> None:
        super().__init__(self.sentences[reason])
        self.reason = reason
