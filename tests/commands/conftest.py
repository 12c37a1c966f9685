"""What the tests of commands share: a command called here, and one run as a process."""

import os
import subprocess
import sys
from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from tests.readme import ROOT

#: The settings of the tests, on the database that this test uses.
CHILD = """
from testproject.test_settings import *

DATABASES["default"]["NAME"] = {name!r}
"""


@pytest.fixture
def call() -> Callable[..., list[str]]:
    """Call a command and return the lines that it prints."""

    def run(name: str, *arguments: str) -> list[str]:
        out = StringIO()
        call_command(name, *arguments, stdout=out)
        return out.getvalue().splitlines()

    return run


@pytest.fixture
def manage(transactional_db, tmp_path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Run ``manage.py`` in a process of its own, which sees what this test has committed."""
    name = str(connection.settings_dict["NAME"])
    (tmp_path / "child_settings.py").write_text(CHILD.format(name=name))

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        folders = f"{tmp_path}{os.pathsep}{ROOT}"
        return subprocess.run(
            [sys.executable, "-m", "django", *arguments],
            env={**os.environ, "PYTHONPATH": folders, "DJANGO_SETTINGS_MODULE": "child_settings"},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run
