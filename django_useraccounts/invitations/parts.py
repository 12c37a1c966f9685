"""What the room holds of a person, for who leaves; see ``personal_data``."""

from ..leaving.parts import scrub_log_about
from ..models import AbstractUser, OneTimeSecret, UserEmail
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
    # Not of a link for many: what it says is about none of them.
    mailed = Invitation.objects.filter(accepted__user=user).exclude(email_key="")
    keys = list(mailed.values_list("pk", "link"))
    OneTimeSecret.objects.filter(pk__in=[link for _pk, link in keys]).update(pending="")
    used = [pk for pk, _link in keys]
    Invitation.objects.filter(pk__in=used).update(email="", email_key="")
    InvitationUse.objects.filter(user=user).delete()
    # Not those to a claim: else who writes down the address of somebody takes invitations away.
    proved = UserEmail.objects.confirmed().filter(user=user).values_list("email_key", flat=True)
    waiting = Invitation.objects.filter(email_key__in=list(proved))
    scrub_log_about(Invitation, [*used, *waiting.values_list("pk", flat=True)])
    waiting.delete()
