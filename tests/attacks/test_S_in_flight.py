"""
S. What a session has sent comes to a stop between its guards and its first transaction; meanwhile
somebody else does another thing, whole. These are pairs that did go wrong.
"""

import pytest

from tests.races.live import races

pytestmark = pytest.mark.django_db(transaction=True)

__all__ = ["races"]  # a fixture

FOUND = [
    # A thief's claim, change or invitation that outlived being locked out.
    ("add_email", "reset_password"),
    ("add_email", "undo_email_change"),
    ("remove_the_primary_email", "reset_password"),
    ("disconnect_provider", "reset_password"),
    ("invite", "undo_email_change"),
    # A thief who closed what its owner had just taken back.
    ("close_account", "reset_password"),
    ("close_account", "undo_email_change"),
    # A stranger who went on as the account of who had just proved its address.
    ("accept_terms", "be_handed_over"),
    ("edit_profile", "be_handed_over"),
    # A thief who logged himself in again by ending all other sessions, and voided the owner's link.
    ("end_other_sessions", "have_sessions_ended"),
    ("end_other_sessions", "undo_email_change"),
    # Two browsers that ended each other's sessions, so that nobody was logged in.
    ("end_other_sessions", "end_other_sessions"),
    # Data that were packed although the account was closed.
    ("export_account", "close_account"),
    # Errors about a row that had gone.
    ("resend_confirmation", "reset_password"),
    ("send_confirmation", "remove_the_claim"),
    ("forgot_password", "remove_the_primary_email"),
    ("be_sent_a_link", "remove_the_primary_email"),
    ("log_in", "be_erased"),
    ("social_login", "be_erased"),
    ("add_email", "be_erased"),
    ("log_in_to_the_administration", "be_erased"),
    ("rename_a_role", "delete_a_role"),
    # A role that two browsers deleted, which the trail told of twice.
    ("delete_a_role", "delete_a_role"),
]


@pytest.mark.parametrize("pair", FOUND, ids=" while ".join)
def test_S_what_was_begun_is_as_if_it_had_waited_or_come_before(races, pair):
    [tally] = races.race([pair], repeats=0, ordered=True)

    assert tally.races
    assert not tally.faults
