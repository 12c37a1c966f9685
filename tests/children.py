"""Tests in a process of their own: what user models and migrations rest on is read once in each."""

import os
import subprocess
import sys

import pytest

from tests.readme import ROOT


def assert_passes(files: list[str], *, settings: str, pytestconfig: pytest.Config) -> None:
    """Run test files, which pytest does not collect by itself, with the settings of a project."""
    seed = f"--randomly-seed={pytestconfig.getoption('randomly_seed')}"
    command = [sys.executable, "-m", "pytest", *files, f"--ds={settings}", "-q", seed]
    # That process is no worker of this run, and measures nothing for it.
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV_"))}

    child = subprocess.run(
        [*command, "-p", "no:cacheprovider"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )

    assert child.returncode == 0, f"With {settings} it fails.\n{child.stdout}"
