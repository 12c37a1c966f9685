"""One project replaces one of each kind: its tests pass, in a process that has its settings."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

#: What only the outer run may see: a nested run is no worker of it, and measures for itself.
OUTER = ("PYTEST_", "COV_CORE_", "USERACCOUNTS_TEST_DATABASE")


@pytest.mark.parametrize(
    "kind", ["not browser", pytest.param("browser", marks=pytest.mark.browser)]
)
def test_each_replacement_is_in_force(kind: str, pytestconfig: pytest.Config) -> None:
    seed = f"--randomly-seed={pytestconfig.getoption('randomly_seed')}"
    command = [sys.executable, "-m", "pytest", "--ds=choir.settings", "-m", kind, seed]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(OUTER)}

    tests = subprocess.run(
        [*command, "-p", "no:cacheprovider", str(HERE / "in_force")],
        cwd=pytestconfig.rootpath,
        env={**environment, "PYTHONPATH": str(HERE)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )

    print("\n".join(tests.stdout.splitlines()[-150:]))
    assert tests.returncode == 0, "A replacement is not in force; the end of the output is below."
