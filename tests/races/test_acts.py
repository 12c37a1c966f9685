"""Whether the acts are all that there are: every flow is raced, and every act does something."""

import threading
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from inspect import unwrap

import pytest

from tests.flows import public_flows
from tests.races.acts import ACTS
from tests.races.matrix import HARMLESS, PAIRS, Bout, Tally, lasting_connections, scene_of
from tests.races.remains import Left
from tests.races.world import MARIAS
from tests.readme import ROOT

pytestmark = pytest.mark.django_db(transaction=True)

#: Public functions of flows that no act calls, and why.
NOT_RACED = {
    "claim_of": "reads only, for a page",
    "is_waiting": "reads only, for a page",
    "begin_login": "writes nothing but the session of a browser",
    "customer_portal": "reads only, and asks Stripe",
    "sync_roles": "is about all roles at once; tests/attacks/test_S_races_of_roles.py races it",
}
#: Acts that leave nothing that anybody notices when nothing is done beside them, and why.
LEAVE_NOTHING = {
    "have_mail_delivered": "what has left is left out of what is compared, but for what is given up",
    "have_renewals_stopped": "asks Stripe; rows change where the account is erased beside it",
    "log_in_before_it_is_confirmed": "is refused, and knows the browser when it is confirmed",
}


@dataclass
class Alone(Bout):
    """What is left by an act that nothing comes in between of, or by none."""

    left: Left = field(default_factory=Left)

    def judge(self, answers, now, faults, who):
        super().judge(answers, now, faults, who)
        self.left = now
        # A wrong password has done nothing.
        for kind in ("login_failed", "identity_refused"):
            del self.left["AccountEvent", kind]


class Flows:
    """Notes which flows an act calls, in the threads that begin meanwhile."""

    def __init__(self):
        self.names = {unwrap(flow).__code__: name for name, flow in public_flows().items()}
        self.called, self.is_acting = set(), False

    @contextmanager
    def watched(self):
        threading.setprofile(self.note)
        try:
            yield
        finally:
            threading.setprofile(None)

    def note(self, frame, event, arg):
        if self.is_acting and event == "call" and frame.f_code in self.names:
            self.called.add(self.names[frame.f_code])

    def one_act(self, racers, acts):
        self.is_acting = True
        try:
            return racers.in_turn(acts[:1])
        finally:
            self.is_acting = False


def no_act(racers, acts):
    return []


def test_every_act_does_something_and_every_flow_is_in_an_act(races):
    flows, scenes = Flows(), defaultdict(list)
    # Those that nothing is done to come last: a program would find them, and mend what it finds.
    for manner in (flows.one_act, no_act):
        for name in ACTS:
            bout = Alone(Tally((name, name)), [], manner)
            scenes[scene_of(bout)].append(bout)

    with flows.watched(), lasting_connections(races.stage) as racers:
        for scene, bouts in scenes.items():
            for place in range(0, len(bouts), MARIAS):
                races.play(scene, bouts[place : place + MARIAS], racers)

    lefts = defaultdict(list)
    for bout in (bout for bouts in scenes.values() for bout in bouts):
        lefts[bout.tally.pair[0]].append(bout.left)
        assert bout.manner is no_act or not bout.tally.faults
    assert {name for name, (after, before) in lefts.items() if after == before} == set(
        LEAVE_NOTHING
    )
    assert set(public_flows()) - flows.called == set(NOT_RACED)


@pytest.mark.one_database
def test_the_page_of_the_runs_says_how_many_pairs_there_are_and_how_many_are_not_compared():
    text = (ROOT / "benchmarks/README.rst").read_text()

    assert HARMLESS <= {frozenset(pair) for pair in PAIRS}
    assert f"every pair of {len(ACTS)} acts ({len(PAIRS)} pairs)" in text
    assert f"{len(HARMLESS)} of the {len(PAIRS)}, in which" in text
