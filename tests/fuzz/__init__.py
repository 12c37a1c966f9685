"""
Texts and requests that nobody would write by hand: a few in every run, many by ``python -m
tests.fuzz --examples 20000``.
"""

import os

from hypothesis import HealthCheck, settings

#: How many each test tries; a run that says how many also tries others than the last one.
EXAMPLES = os.environ.get("USERACCOUNTS_FUZZ_EXAMPLES", "")
#: For a test whose examples share one database, and clean up after themselves.
fuzz = settings(
    max_examples=int(EXAMPLES or 60),
    derandomize=not EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    database=None,
)
