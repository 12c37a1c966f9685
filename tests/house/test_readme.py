"""README.rst tells the truth: its blocks run, its commands are make's, its links lead somewhere."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import get_commands

from tests.readme import ROOT, block, document, quickstart


@pytest.mark.parametrize("page", ["README.rst", "CHANGELOG.rst", "SECURITY.rst"])
def test_the_page_is_valid_as_a_package_index_reads_it(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")

    # It knows no directive and no role but those of docutils.
    assert document(page).astext()
    assert not re.search(r"\.\. (?:toctree|auto\w+)::|:doc:", text)


def test_it_is_short_and_shows_the_way_to_the_rest() -> None:
    text = (ROOT / "README.rst").read_text(encoding="utf-8")

    assert len(text.splitlines()) <= 260
    for page in ("settings", "urls", "commands", "mails", "templates"):
        assert f"<docs/reference/{page}.rst>" in text


def test_its_quickstart_passes_the_checks(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    project = quickstart(tmp_path, python=sys.executable, environment=environment)

    check = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
    )

    assert (check.stdout, check.stderr) == (
        "System check identified no issues (0 silenced).\n",
        "",
    )


@pytest.mark.parametrize("target", ["demo", "test"])
@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
def test_its_plain_command_is_what_make_runs(target: str) -> None:
    ours = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYTHON", "TEST_EXTRAS")
    environment = {k: v for k, v in os.environ.items() if k not in ours}
    dry_run = subprocess.run(
        ["make", "--dry-run", "--always-make", "--no-print-directory", target],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    commands = [line for line in dry_run.stdout.splitlines() if not line.startswith("touch ")]
    assert block("shell", f"make {target}\n") == f"make {target}\n\n{' && '.join(commands)}"


def test_its_commands_exist() -> None:
    text = (ROOT / "README.rst").read_text(encoding="utf-8")
    named = set(re.findall(r"useraccounts_[a-z]+(?:_[a-z]+)*", text))

    labels = {config.label for config in apps.get_app_configs()}
    assert named - {"django_useraccounts"} - labels <= set(get_commands())
