"""News about accounts, sent after the commit of the change: receivers react, they cannot veto."""

from typing import Any

from django.db import transaction
from django.dispatch import Signal

#: Somebody registered. Arguments: ``user``, ``request``.
registered = Signal()
#: An address was proved. Arguments: ``user``, ``email`` (the UserEmail), ``request``.
email_confirmed = Signal()
#: The reader of a confirmation mail did not register. Arguments: ``user``, ``address`` (the text),
#: ``request``.
email_disowned = Signal()
#: A user has another username. Arguments: ``user``, ``old_username`` (None for the first one),
#: ``request``.
username_changed = Signal()
#: Columns of a profile were edited. Arguments: ``user``, ``fields`` (their names), ``request``.
profile_edited = Signal()
#: A user changed the own password. Arguments: ``user``, ``request``.
password_changed = Signal()
#: A user without password set the first one. Arguments: ``user``, ``request``.
password_set = Signal()
#: A password was set by a mailed link. Arguments: ``user``, ``request``.
password_reset = Signal()
#: A role was granted. Arguments: ``user``, ``grant`` (the RoleGrant), ``request``.
role_granted = Signal()
#: A role lasts longer. Arguments: ``user``, ``grant`` (the RoleGrant), ``request``.
role_extended = Signal()
#: A role was revoked. Arguments: ``user``, ``role``, ``request``.
role_revoked = Signal()
#: An address was added to an account. Arguments: ``user``, ``email`` (the UserEmail), ``request``.
email_added = Signal()
#: Mail goes to another address, which on a site of one address for each account has taken the place
#: of the former one. Arguments: ``user``, ``email`` (the UserEmail), ``request``.
primary_email_changed = Signal()
#: An address was taken off. Arguments: ``user``, ``address`` (the text), ``request``.
email_removed = Signal()
#: The reader of an address took back what somebody else did to the addresses of the account.
#: Arguments: ``user``, ``request``.
email_change_undone = Signal()
#: No more mail goes to a proved address: it comes back, or was called spam. Arguments: ``user``,
#: ``email`` (the UserEmail), ``state`` (``bounced``, ``complained`` or ``failing``).
email_undeliverable = Signal()
#: An administrator opened an account for somebody. Arguments: ``user``, ``request``.
user_added = Signal()
#: An account was switched off: nobody can log in to it. Arguments: ``user``, ``request``.
switched_off = Signal()
#: An account was switched on again. Arguments: ``user``, ``request``.
switched_on = Signal()
#: An account was closed: it is erased at ``user.erase_at``, unless its user logs in before.
#: Arguments: ``user``, ``request``.
account_closed = Signal()
#: A closed account was opened again. Arguments: ``user``, ``request``.
account_reopened = Signal()
#: An account was erased. Arguments: ``user`` (as it was, its row is gone or says nothing of the
#: person any more), ``how`` ("erase" or "anonymise").
account_erased = Signal()
#: A user has asked for what the account holds. Arguments: ``user``, ``request``.
export_requested = Signal()
#: A user has fetched what the account holds. Arguments: ``user``, ``request``.
export_fetched = Signal()
#: A user has accepted the terms of service. Arguments: ``user``, ``version``, ``request``.
terms_accepted = Signal()
#: Every session of a user was ended. Arguments: ``user``, ``request``.
sessions_ended = Signal()
#: A user may do more or less in the administration. Arguments: ``user``, ``request``.
rights_changed = Signal()
#: An act was written to the audit trail, whatever it was. Arguments: ``event`` (the AccountEvent);
#: the sender is that model.
account_event_recorded = Signal()


def send_on_commit(signal: Signal, *, user: object, **news: Any) -> None:
    """
    Send ``signal`` after the commit, with the user model as its sender.

    A receiver that raises is logged, and the others go on.
    """
    # Not type(): the user of a request is a lazy object, which tells its class only when asked.
    sender = user.__class__
    transaction.on_commit(lambda: _send(signal, sender, {"user": user, **news}), robust=True)


def _send(signal: Signal, sender: object, news: dict[str, Any]) -> None:
    signal.send_robust(sender=sender, **news)
