"""What the room holds of a person, for who leaves; see ``personal_data``."""

from django.db.models import Q

from ..models import AbstractUser
from .models import Membership, Payment, StripeCustomer


def memberships_of(user: AbstractUser) -> list[object]:
    """Return what the user is a member of, and every payment for it."""
    rows = Membership.objects.of(user).prefetch_related("payments")
    return [
        {
            "plan": row.plan.name,
            "label": row.plan.label,
            "state": row.shown_state,
            "subscription": row.subscription_id,
            "since": row.started_at,
            "paid_until": row.paid_until,
            "ended": row.ended_at,
            "payments": [
                {
                    "reference": payment.reference,
                    "state": payment.state,
                    "from": payment.starts_at,
                    "until": payment.ends_at,
                    "recorded": payment.recorded_at,
                    "reason": payment.reason,
                }
                for payment in row.payments.all()
            ],
        }
        for row in rows
    ]


def forget_memberships(user: AbstractUser) -> None:
    """
    Leave what was paid as nobody's: books have to be kept.

    The ids of Stripe stay, so that what it goes on to send is recognised, and can be stopped.
    """
    rows = Membership.objects.filter(user=user)
    # By their keys: within an UPDATE, MariaDB asks a subquery for each row of the table.
    Payment.objects.filter(membership__in=list(rows.values_list("pk", flat=True))).update(reason="")
    Payment.objects.filter(recorded_by=user).update(recorded_by=None)
    rows.filter(Q(subscription_id=None)).update(state=Membership.State.ENDED, is_open=None)
    rows.update(user=None)
    StripeCustomer.objects.filter(user=user).update(user=None)
