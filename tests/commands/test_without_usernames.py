"""The commands in a project whose users have no username."""

import os
import subprocess
import sys

import pytest

from tests.readme import ROOT

SETTINGS = """
from testproject.test_settings import *

AUTH_USER_MODEL = "useraccounts.EmailUser"
DATABASES["default"]["NAME"] = {database!r}
"""

#: One user in order, one whose copy is wrong, and one whom another package has written.
USERS = """
from django.contrib.auth import get_user_model

users = get_user_model().objects
for name in ("maria", "frida"):
    users.create_user(email=f"{name}@example.com")
users.filter(email="frida@example.com").update(email="other@example.com")
users.bulk_create([users.model(email="diego@example.com")])
"""


@pytest.fixture
def manage(tmp_path):
    """Run ``manage.py`` in a new project without usernames."""
    database = str(tmp_path / "db.sqlite3")
    (tmp_path / "email_settings.py").write_text(SETTINGS.format(database=database))
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    environment["DJANGO_SETTINGS_MODULE"] = "email_settings"
    # The project has a file of its own, beside whichever server the others are tested.
    environment.pop("USERACCOUNTS_TEST_DATABASE", None)

    def run(*arguments: str) -> tuple[int, list[str], str]:
        command = [sys.executable, "-m", "django", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        return done.returncode, done.stdout.splitlines(), done.stderr.strip()

    assert run("migrate", "--verbosity=0") == (0, [], "")
    return run


def test_people_are_named_by_address_and_their_drift_is_mended(manage):
    code, _lines, error = manage("shell", "--command", USERS)
    assert (code, error) == (0, "")

    assert manage("useraccounts_grant_role", "maria", "artist", "--create") == (
        1,
        [],
        "CommandError: Users have no username here. Name one by the e-mail address.",
    )
    assert manage("useraccounts_adopt") == (
        1,
        [],
        "CommandError: Users have no username here, and those of contrib.auth have one.",
    )
    code, (line,), error = manage("useraccounts_grant_role", "maria@example.com", "a", "--create")
    assert (code, error) == (0, "")
    assert line.startswith("maria@example.com: a from ")

    code, lines, error = manage("useraccounts_check_emails", "--mend", "--trust")
    assert (code, lines[-1], error) == (0, "2 problems: 2 mended, 0 left.", "")
    assert manage("useraccounts_check_emails") == (0, ["Everything agrees."], "")

    assert manage("useraccounts_revoke_role", "diego@example.com", "a") == (
        0,
        ["diego@example.com did not have a."],
        "",
    )
