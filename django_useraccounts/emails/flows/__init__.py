"""Whose an address is; only here ``UserEmail`` and ``user.email`` change."""

from .changing import add_email, make_primary, remove_email
from .confirming import (
    confirm_email,
    disown_email,
    has_to_confirm,
    mail_link,
    note_browser,
    prove_first_email,
    resend_confirmation,
    send_confirmation,
)
from .handing_over import claim_to_hand_over, hand_over
from .pruning import prune_unconfirmed
from .rows import drop_claims, link_to_take_back, proved_of
from .undoing import addresses_before, take_back, undo_email_change

__all__ = [
    "add_email",
    "addresses_before",
    "claim_to_hand_over",
    "confirm_email",
    "disown_email",
    "drop_claims",
    "hand_over",
    "has_to_confirm",
    "link_to_take_back",
    "mail_link",
    "make_primary",
    "note_browser",
    "prove_first_email",
    "proved_of",
    "prune_unconfirmed",
    "remove_email",
    "resend_confirmation",
    "send_confirmation",
    "take_back",
    "undo_email_change",
]
