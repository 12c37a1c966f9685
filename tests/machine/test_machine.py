"""Twenty thousand steps of three people, an administrator, a mail server, and time."""

import os
import subprocess
import sys

import pytest

from tests.readme import ROOT

#: Half of the steps each, so that two workers share them.
STEPS = 10_000


@pytest.mark.machine
@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_they_do_everybody_keeps_what_is_theirs(seed: int) -> None:
    command = [sys.executable, "-m", "tests.machine", f"--steps={STEPS}", f"--seed={seed}"]
    # In a process of its own, whose clock stands still.
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV_"))}

    machine = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1500,
    )

    assert machine.returncode == 0, machine.stdout
