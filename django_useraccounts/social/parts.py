"""What the room holds of a person, for who leaves; see ``personal_data``."""

from ..models import AbstractUser
from .models import Connection


def connections_of(user: AbstractUser) -> list[object]:
    """Return the identities at providers that let the user in, without the tokens."""
    return [
        {
            "provider": row.provider,
            "issuer": row.issuer,
            "subject": row.subject,
            "called": row.label,
            "connected": row.connected_at,
        }
        for row in Connection.objects.of(user)
    ]


def forget_connections(user: AbstractUser) -> None:
    """Delete them: nobody comes in by them any more."""
    Connection.objects.filter(user=user).delete()
