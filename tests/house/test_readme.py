"""README.rst tells the truth: its blocks run, its commands are make's, its tables are complete."""

import ast
import os
import re
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core import mail
from django.core.management import get_commands
from django.template import engines
from django.test import override_settings
from django.urls import get_resolver

from django_useraccounts.conf import Conf
from tests.readme import ROOT, block, blocks, document, quickstart, table


@pytest.mark.parametrize("page", ["README.rst", "CHANGELOG.rst", "SECURITY.rst"])
def test_the_page_is_valid(page: str) -> None:
    assert document(page).astext()


@pytest.mark.parametrize("code", blocks("python"))
def test_its_python_compiles(code: str) -> None:
    assert ast.parse(code).body


def test_its_guards_can_be_imported() -> None:
    # In another process: guards tell their roles to the system checks of this one.
    guarded = [code for code in blocks("python") if "_required" in code]
    assert guarded
    script = "import django; django.setup()\n" + "\n".join(guarded)

    imported = subprocess.run([sys.executable, "-c", script], cwd=ROOT)

    assert imported.returncode == 0


@pytest.mark.parametrize("source", blocks("html+django"))
def test_its_templates_compile(source: str) -> None:
    engines["django"].from_string(source)


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


def test_its_table_of_pages_is_complete() -> None:
    routes = get_resolver("django_useraccounts.urls").reverse_dict
    pages = table("Below accounts/")

    # The resolver tells each route by name and by view, and a route as "login/" or "…/%(link)s/".
    known = {name: routes[name][0][0][0] for name in routes if isinstance(name, str)}
    known = {name: re.sub(r"%\(\w+_id\)s", "%(id)s", path) for name, path in known.items()}
    assert {name: re.sub(r"<(\w+)>", r"%(\1)s", path) for path, name, _ in pages} == known


def test_its_table_of_settings_is_complete() -> None:
    settings = table("Key")

    assert {key for key, _, _ in settings} == {field.name for field in fields(Conf)}


def test_its_commands_exist() -> None:
    text = (ROOT / "README.rst").read_text(encoding="utf-8")
    named = set(re.findall(r"useraccounts_[a-z]+(?:_[a-z]+)*", text))

    labels = {config.label for config in apps.get_app_configs()}
    assert named - {"django_useraccounts"} - labels <= set(get_commands())


def test_it_names_every_kind_of_mail() -> None:
    folders = (ROOT / "django_useraccounts").glob("**/templates/useraccounts/mails/*/")
    kinds = [path.name for path in folders if path.is_dir()]
    text = (ROOT / "README.rst").read_text(encoding="utf-8")

    assert {"welcome", "accept_invitation"}.issubset(kinds)
    assert [kind for kind in kinds if f"``{kind}``" not in text] == []


def test_its_smtp_settings_reach_that_server() -> None:
    backend = _backend(block("python", "smtp.example.com"))

    assert type(backend).__module__ == "django.core.mail.backends.smtp"
    assert (backend.host, backend.port, backend.use_ssl) == ("smtp.example.com", 465, True)
    assert (backend.username, backend.password, backend.timeout) == ("mysite", "...", 10)


def test_its_settings_of_a_provider_reach_it() -> None:
    backend = _backend(block("python", "anymail.backends.postmark"))

    assert type(backend).__module__ == "anymail.backends.postmark"
    assert backend.server_token == "..."


def _backend(code: str) -> Any:
    settings: dict[str, object] = {}
    exec(code, settings)
    given = {name: value for name, value in settings.items() if name.isupper()}
    if hasattr(mail, "mailers"):
        with override_settings(**given):
            return mail.mailers.default
    # The tests' own backend would win where a block leaves Django's default.
    smtp = "django.core.mail.backends.smtp.EmailBackend"
    with override_settings(**{"EMAIL_BACKEND": smtp, **given}):
        return mail.get_connection()
