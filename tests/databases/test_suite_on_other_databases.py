"""
The suite once more, against every other database that this machine can run.

Where USERACCOUNTS_SUITE_POSTGRESQL, or …_MARIADB, is set, it is the command that runs there: another
Python with another Django, say, so that one run shows both.
"""

import os
import shlex
import subprocess
import sys

import pytest

from tests import servers
from tests.conftest import missing

ENGINES = {"postgresql": "postgresql", "mariadb": "mysql"}

#: What only the outer run may see: a nested run is no worker of it, and measures for itself.
OUTER = ("PYTEST_", "COV_CORE_")


@pytest.mark.databases
@pytest.mark.parametrize("name", servers.SERVERS)
def test_the_suite_passes_on(name: str, pytestconfig: pytest.Config) -> None:
    if servers.lacks(name):
        missing(name, servers.lacks(name))
    seed = f"--randomly-seed={pytestconfig.getoption('randomly_seed')}"
    command = shlex.split(os.environ.get(f"USERACCOUNTS_SUITE_{name.upper()}", ""))
    command = command or [sys.executable, "-m", "pytest"]
    command += ["tests", "-n", "2", "-p", "no:cacheprovider", seed]
    command += ["-m", "not browser and not databases and not wheel"]

    with servers.SERVERS[name]() as url:
        environment = {k: v for k, v in os.environ.items() if not k.startswith(OUTER)}
        environment["USERACCOUNTS_TEST_DATABASE"] = url
        suite = subprocess.run(
            command,
            cwd=pytestconfig.rootpath,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=4800,
        )

    print("\n".join(suite.stdout.splitlines()[-150:]))
    assert suite.returncode == 0, f"The suite fails on {name}; the end of its output is below."
    assert f"on {ENGINES[name]}\n" in suite.stdout
