"""Every flow in each of its situations, as the cases of ``tests/faults`` have them."""

from importlib import import_module
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.test import override_settings

from tests.faults import cases
from tests.faults.harness import CASES, empty

from .plans import Watch


def walk_flows(watch: Watch) -> None:
    """Do each flow in a small database, and take all rows away."""
    for file in sorted(Path(next(iter(cases.__path__))).glob("*.py")):
        import_module(f"{cases.__name__}.{file.stem}")
    for case in CASES:
        with override_settings(USERACCOUNTS={**settings.USERACCOUNTS, **case.conf}):
            empty()
            act = case.prepare()
            with watch.act(str(case), connection):
                act()
    empty()
