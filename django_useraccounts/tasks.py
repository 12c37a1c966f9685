"""The outbox by Django's tasks, for MAIL_DELIVERY "tasks"; imported only where that is set."""

from . import compat
from .mail import carry


@compat.tasks().task()  # type: ignore[untyped-decorator]
def carry_mail(mail_id: int) -> None:
    """Deliver one mail, and some that are due; a worker of the site's task backend runs it."""
    carry(mail_id)
