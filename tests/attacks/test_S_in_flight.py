"""
S. What a session has sent comes to a stop between its guards and its first transaction; meanwhile
somebody else does another thing, whole. These are pairs that did go wrong.
"""

import pytest

from django_useraccounts.testing import lifted_limits
from django_useraccounts.testing.provider import FakeProvider
from tests.memberships.office import open_office
from tests.races.matrix import Races
from tests.social.visits import ISSUER

pytestmark = pytest.mark.django_db(transaction=True)

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
]


@pytest.mark.parametrize("pair", FOUND, ids=" while ".join)
def test_S_what_was_begun_is_as_if_it_had_waited_or_come_before(live_server, pair):
    with lifted_limits(), open_office() as office, FakeProvider(issuer=ISSUER) as provider:
        [tally] = Races(live_server.url, provider, office).race([pair], repeats=0, ordered=True)

    assert tally.races
    assert not tally.faults
