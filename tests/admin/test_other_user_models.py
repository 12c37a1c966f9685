"""The administration of projects with other user models; each is a process, as in tests/projects."""

import os
import subprocess
import sys

import pytest

from tests.readme import ROOT

# Not for this process: so that they are tested on the other databases as well.
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("site", ["badges", "email_user", "zoo"])
def test_the_administration_serves_every_user_model(site, pytestconfig):
    seed = f"--randomly-seed={pytestconfig.getoption('randomly_seed')}"
    settings = f"--ds=tests.admin.sites.{site}"
    command = [sys.executable, "-m", "pytest", "tests/admin/sites/walk.py", settings]
    # This process is no worker of the outer run, and measures nothing for it.
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV_"))}

    walk = subprocess.run(
        [*command, "-q", "-p", "no:cacheprovider", seed],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )

    assert walk.returncode == 0, f"The administration of {site} fails.\n{walk.stdout}"
