"""For the mails about memberships."""

from typing import Any

from django import template

from ..models import Membership

register = template.Library()

#: What is written down with each mail.
_MOMENTS = {
    "membership_started": "started_at",
    "payment_failed": "failed_at",
    "membership_ending": "reminded_at",
    "membership_ended": "end_told_at",
}


@register.simple_tag
def membership_of(user: Any, kind: str) -> Membership | None:
    """
    Return the membership that a mail of a kind tells its reader of: the last one that was to be.

    None where there is none, as in a sample of the mail.
    """
    moment = _MOMENTS[kind]
    if user is None or user.pk is None:
        return None
    rows = Membership.objects.of(user).exclude(**{moment: None})
    return rows.order_by(f"-{moment}").first()
