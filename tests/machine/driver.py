"""Run the machine: so many steps, by a seed, in this process."""

import gc
import logging
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import hypothesis
import stripe
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import get_state_machine_test

from django_useraccounts.testing import make_user
from tests.machine import base, world
from tests.machine.cast import MAILBOXES, PABLO, PASSWORDS, PEOPLE
from tests.machine.money import Clerk
from tests.machine.office import Office
from tests.machine.report import Report
from tests.machine.staff import furnish
from tests.machine.visitors import provider

#: Steps of one run, and runs that Hypothesis plans together, at most.
STEPS, RUNS = 60, 100


class Machine(Office):
    """All rules together."""


@contextmanager
def make_the_world() -> Iterator[None]:
    """Make what every run begins with, once in a process, and have a provider and Stripe beside it."""
    world.build()
    stripe.RequestsClient = lambda timeout, session: Clerk()  # type: ignore[assignment, misc]
    furnish()
    world.store("empty")
    for person in PEOPLE:
        roles = ["host"] if person == PABLO else []
        make_user(person, MAILBOXES[person][0], PASSWORDS[person][0], roles=roles)
    world.store("members")
    logging.disable(logging.CRITICAL)
    # What is there now stays: the collector need not walk it again and again.
    gc.freeze()
    gc.set_threshold(50_000)
    with provider:
        yield


def run(steps: int, seed: int, *, shrink: bool = True) -> Report:
    """Take steps until there were enough, or one has broken something."""
    begun, worked = time.perf_counter(), time.process_time()
    report, batch = Report(), 0
    with make_the_world():
        while report.steps < steps and not report.failures:
            batch += 1
            runs = min(RUNS, -((report.steps - steps) // STEPS))
            plan = _plan(runs, shrink=shrink)
            test = hypothesis.seed(f"{seed}:{batch}")(
                get_state_machine_test(Machine, settings=plan)
            )
            try:
                test()
            except Exception as error:
                notes = "\n".join(getattr(error, "__notes__", ()))
                report.failures.append(f"seed {seed}, batch {batch}: {error!r}\n{notes}")
            report.runs += runs
            report.steps = base.TRIED.total()
    report.tried, report.done = Counter(base.TRIED), Counter(base.DONE)
    report.seconds = time.perf_counter() - begun
    report.worked = time.process_time() - worked
    return report


def _plan(runs: int, *, shrink: bool) -> settings:
    return settings(
        max_examples=runs,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, *([Phase.shrink] if shrink else [])],
    )
