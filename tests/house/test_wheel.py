"""The wheel is whole: from it alone, beside no checkout, a new project serves its login page."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
import pytest

from tests.readme import ROOT, quickstart
from tests.servers import free_port

pytestmark = pytest.mark.wheel

PACKAGE = "django_useraccounts"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy, since setuptools leaves files behind that a next build finds."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("setup.cfg", "pyproject.toml", "MANIFEST.in", "README.rst", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in (PACKAGE, "testproject", "tests"):
        ignore = shutil.ignore_patterns("__pycache__", "var")
        shutil.copytree(ROOT / name, source / name, ignore=ignore)
    run([sys.executable, "-m", "build", "--wheel", "--outdir", target, source], cwd=source)
    (built,) = target.glob("*.whl")
    return built


@pytest.mark.asvs("15.2.3")
def test_the_wheel_holds_every_file_of_the_package_and_no_other(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}

    own = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / PACKAGE).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert held == own
    folders = ("templates/useraccounts", "static/useraccounts", "migrations")
    for part in (
        "py.typed",
        "locale/de/LC_MESSAGES/django.mo",
        *(f"{folder}/" for folder in folders),
    ):
        assert any(name.startswith(f"{PACKAGE}/{part}") for name in held), part


def test_a_project_of_the_wheel_serves_the_login_page(wheel: Path, tmp_path: Path) -> None:
    # Nothing that leads back to the checkout.
    hidden = ("PYTHON", "DJANGO_", "COV_", "VIRTUAL_ENV")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(hidden)}
    venv.create(tmp_path / "venv", with_pip=True)
    python = str(tmp_path / "venv" / "bin" / "python")
    # The same Django as here, since README.rst tells mail settings for each.
    same_django = f"Django=={django.get_version()}"
    run([python, "-m", "pip", "install", wheel, same_django], cwd=tmp_path, env=environment)
    project = quickstart(tmp_path, python=python, environment=environment)
    run([python, "manage.py", "migrate"], cwd=project, env=environment)

    with serving([python, "manage.py"], cwd=project, env=environment) as origin:
        status, page = get(f"{origin}/accounts/login/")
        assert status == 200
        assert 'name="csrfmiddlewaretoken"' in page
        stylesheets = re.findall(r'<link[^>]*\brel="stylesheet"[^>]*\bhref="([^"]+)"', page)
        assert stylesheets
        for path in stylesheets:
            status, style = get(origin + path)
            assert status == 200
            assert ".ua" in style


def run(command: list[str | Path], *, cwd: Path, env: dict[str, str] | None = None) -> None:
    """Run a command; fail with what it printed."""
    done = subprocess.run(
        command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, done.stdout


def get(url: str) -> tuple[int, str]:
    """Fetch a page."""
    with urllib.request.urlopen(url, timeout=10) as response:
        return response.status, response.read().decode()


@contextmanager
def serving(command: list[str], *, cwd: Path, env: dict[str, str]) -> Iterator[str]:
    """Run the development server on a free port, and yield its origin once it answers."""
    address = f"127.0.0.1:{free_port()}"
    log = cwd / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*command, "runserver", "--noreload", address],
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        deadline = time.monotonic() + 30
        while not _answers(address):
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield f"http://{address}"
    finally:
        server.terminate()
        server.wait()


def _answers(address: str) -> bool:
    host, port = address.split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0
