"""What the room holds of a person, for who leaves; see ``personal_data``."""

from ..leaving.parts import scrub_log_about
from ..models import AbstractUser
from .models import LoginSession


def sessions_of(user: AbstractUser) -> list[object]:
    """Return where and when the user was logged in, without what tells browsers apart."""
    return [
        {
            "browser": row.user_agent,
            "from": row.client_address,
            "began": row.started_at,
            "used_last": row.seen_at,
            "ended": row.ended_at,
        }
        for row in LoginSession.objects.filter(user=user).order_by("started_at")
    ]


def forget_sessions(user: AbstractUser) -> None:
    """Delete them: nobody is logged in by them any more."""
    rows = LoginSession.objects.filter(user=user)
    scrub_log_about(LoginSession, rows.values_list("pk", flat=True))
    rows.delete()
