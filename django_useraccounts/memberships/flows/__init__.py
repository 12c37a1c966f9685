"""What is done to memberships: by who records a payment, by Stripe, and by time."""

from .buying import customer_portal, start_checkout, stop_renewals
from .events import apply_event
from .payments import end_membership, record_payment, refund_payment
from .telling import remind_members, tell_begun, tell_ended

__all__ = [
    "apply_event",
    "customer_portal",
    "end_membership",
    "record_payment",
    "refund_payment",
    "remind_members",
    "start_checkout",
    "stop_renewals",
    "tell_begun",
    "tell_ended",
]
