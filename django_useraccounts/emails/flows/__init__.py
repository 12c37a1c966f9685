"""Whose an address is; only here ``UserEmail`` and ``user.email`` change."""

from .changing import add_email, make_primary, remove_email
from .confirming import (
    confirm_email,
    disown_email,
    mail_link,
    note_browser,
    prove_first_email,
    resend_confirmation,
    send_confirmation,
)
from .handing_over import claim_to_hand_over, hand_over
from .pruning import prune_unconfirmed
from .undoing import addresses_before, undo_email_change

__all__ = [
    "add_email",
    "addresses_before",
    "claim_to_hand_over",
    "confirm_email",
    "disown_email",
    "hand_over",
    "mail_link",
    "make_primary",
    "note_browser",
    "prove_first_email",
    "prune_unconfirmed",
    "remove_email",
    "resend_confirmation",
    "send_confirmation",
    "undo_email_change",
]
