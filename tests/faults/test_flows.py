"""Whatever statement fails, and however: a flow was done, or it was not, and nothing in between."""

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest
from django.db import OperationalError

from tests.faults.harness import (
    CASES,
    Case,
    Outcome,
    Right,
    Way,
    difference,
    run_through,
    wrong_news,
)
from tests.flows import public_flows

for file in sorted((Path(__file__).parent / "cases").glob("*.py")):
    import_module(f"tests.faults.cases.{file.stem}")

WAYS = (Way.REFUSED, Way.UNHEARD, Way.GONE, Way.COMMIT_REFUSED, Way.COMMIT_UNHEARD)

#: Public functions of flows that are no case, and why.
NO_CASES = {
    "addresses_before": "reads only",
    "begin_login": "writes nothing but the session, which Django saves after the page",
    "claim_of": "reads only",
    "claim_to_hand_over": "reads only",
    "has_to_confirm": "reads only",
    "customer_portal": "reads only, and asks Stripe",
    "drop_claims": "a part of reset_password, in its transaction",
    "forget_devices": "a part of reset_password, hand_over and others, in their transaction",
    "link_to_take_back": "a part of make_primary, a login and others, in their transaction",
    "proved_of": "reads only",
    "take_back": "what undo_email_change and disown_login do",
    "drop_connections": "a part of reset_password, hand_over and others, in their transaction",
    "has_accepted": "reads only",
    "has_password_way_in": "reads only",
    "identity_in": "reads only",
    "is_waiting": "reads only",
    "label_of": "reads only",
    "mail_link": "a part of register, add_email and send_confirmation, in their transaction",
    "owner_of_address": "reads only",
    "prove_first_email": "a part of register, in its transaction",
    "receive_answer": "writes nothing but a counter, and the session",
    "keep_a_superuser": "a part of switch_off, close_account and others, in their transaction",
    "grant_default_roles": "a part of register and add_user, in their transaction",
    "reopen_at_login": "a part of log_in, in its transaction",
    "record_login": "a part of log_in, in its transaction",
    "record_logout": "a part of log_out, in its transaction",
    "standing": "reads only",
    "suggested_username": "reads only",
}


@pytest.mark.asvs("2.3.3")
@pytest.mark.usefixtures("_rows")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_fault_anywhere_leaves_the_rows_of_before_or_of_after(
    case: Case, set_conf: Callable[..., None]
) -> None:
    set_conf(**case.conf)

    faults = [
        f"{where}: {what}"
        for where, _way, right, outcome in run_through(case, WAYS)
        for what in wrong(right, outcome)
    ]

    # One fault in a transaction shows at all of its places: the first are enough to read.
    assert not faults, "\n".join([f"{len(faults)} faults, such as", *faults[:3]])


def wrong(right: Right, outcome: Outcome) -> Iterator[str]:
    """Yield what is wrong with the outcome of an act that met a fault."""
    if outcome.rows not in right.states:
        yield f"in between\n{difference(right.after, outcome.rows)}"
    if outcome.raised is None and not outcome.logged and outcome.rows != right.after:
        yield "not done, and nobody was told"
    if outcome.raised and not isinstance(outcome.raised, OperationalError):
        yield f"came out as {outcome.raised!r}"
    yield from wrong_news(right, outcome)


def test_every_flow_is_a_case() -> None:
    flows = set(public_flows())

    assert flows - set(NO_CASES) - {case.flow.__name__ for case in CASES} == set()
    assert set(NO_CASES) <= flows
