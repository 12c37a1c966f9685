"""Migrations are complete, and a project's own user model can migrate from nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command

from tests.readme import ROOT

ZOO = """
from testproject.test_settings import *

INSTALLED_APPS = [*INSTALLED_APPS, "testproject.zoo"]
AUTH_USER_MODEL = "zoo.Keeper"
DATABASES["default"]["NAME"] = {database!r}
"""

#: The rows that point at a user do so for a user of another app as well.
KEEP = """
from django.contrib.auth import get_user_model
from django_useraccounts.roles.flows import grant_role
from django_useraccounts.testing import make_user

noah = make_user("noah", roles=["feeder"])
assert type(noah)._meta.label == "zoo.Keeper", noah
assert get_user_model().objects.get(username="noah").has_roles("feeder")
"""


@pytest.mark.django_db
def test_no_model_has_changed_without_a_migration(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("makemigrations", check_changes=True, dry_run=True)

    assert "No changes detected" in capsys.readouterr().out


@pytest.mark.asvs("6.3.2")
@pytest.mark.django_db
def test_no_migration_makes_an_account_that_everybody_knows() -> None:
    assert not get_user_model().objects.exists()


def test_a_user_model_of_another_app_migrates_from_nothing(tmp_path: Path) -> None:
    settings = ZOO.format(database=str(tmp_path / "zoo.sqlite3"))
    (tmp_path / "zoo_settings.py").write_text(settings)

    for command in (["migrate", "--verbosity=0"], ["shell", "--command", KEEP], ["check"]):
        done = _manage(command, folder=tmp_path)
        assert done.returncode == 0, done.stdout

    changes = _manage(["makemigrations", "--check", "--dry-run"], folder=tmp_path)
    assert "No changes detected" in changes.stdout


def _manage(arguments: list[str], *, folder: Path) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}
    environment["DJANGO_SETTINGS_MODULE"] = "zoo_settings"
    environment.pop("USERACCOUNTS_TEST_DATABASE", None)
    return subprocess.run(
        [sys.executable, "-m", "django", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
