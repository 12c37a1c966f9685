"""What the room holds of a person, for who leaves; see ``personal_data``."""

from ..canonical import email_key
from ..models import AbstractUser
from .models import Invitation, InvitationUse


def invitations_of(user: AbstractUser) -> dict[str, object]:
    """Return whom the user has invited, and which invitations the user has accepted."""
    sent = Invitation.objects.filter(invited_by=user).select_related("link").order_by("pk")
    accepted = InvitationUse.objects.filter(user=user).order_by("pk")
    return {
        "sent": [
            {
                "to": row.email,
                "note": row.note,
                "roles": [role.name for role in row.roles.all()],
                "written": row.created_at,
                "state": row.state,
            }
            for row in sent.prefetch_related("roles")
        ],
        "accepted": [{"invitation": use.invitation_id, "when": use.at} for use in accepted],
    }


def forget_invitations(user: AbstractUser) -> None:
    """Delete what the user has sent, and take the user out of what others have sent."""
    Invitation.objects.filter(invited_by=user).delete()
    used = list(InvitationUse.objects.filter(user=user).values_list("invitation", flat=True))
    Invitation.objects.filter(pk__in=used).update(email="", email_key="", note="")
    InvitationUse.objects.filter(user=user).delete()
    key = email_key(user.email)
    if key:
        Invitation.objects.filter(email_key=key).delete()
