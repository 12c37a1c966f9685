"""
Programs that others have written, for the tests to talk to.

The package ``oidc-provider`` of npm is one of those that the OpenID Foundation has certified. What
comes from npm is installed once, outside the repository, as a ``package-lock.json`` has it.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tests.conftest import missing

HERE = Path(__file__).parent
#: Seconds that the provider may take to start.
PATIENCE = 30
#: What the programs need of Node.
NODE = 18

CLIENT_ID, CLIENT_SECRET = "the-site", "a-secret-of-the-tests"
#: Whom the provider knows, by subject.
PEOPLE: Mapping[str, Mapping[str, Any]] = {
    "hannah": {
        "name": "Hannah Höch",
        "given_name": "Hannah",
        "family_name": "Höch",
        "preferred_username": "hannah",
        "email": "hannah@guild.example",
        "email_verified": True,
    },
    "kurt": {
        "name": "Kurt Schwitters",
        "given_name": "Kurt",
        "family_name": "Schwitters",
        "preferred_username": "kurt",
        "email": "kurt@guild.example",
        "email_verified": False,
    },
}


@contextmanager
def oidc_provider(redirect_uris: Sequence[str]) -> Iterator[str]:
    """
    Run the provider on a free port, for one site, and yield its issuer.

    Skips or fails the test, see ``missing``, where Node, npm or the package index is not there.
    """
    folder = installed(HERE, "oidc-provider", requirement="oidc", program="server.mjs")
    client = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uris": redirect_uris,
    }
    served = {"CLIENT": json.dumps(client), "PEOPLE": json.dumps(PEOPLE)}
    with tempfile.TemporaryFile("w+") as log:
        provider = subprocess.Popen(
            [node("oidc"), str(folder / "server.mjs")],
            env={**os.environ, **served},
            # It ends when this pipe does, so that no death of the tests leaves it behind.
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            yield _first_line(provider, log)
        finally:
            provider.terminate()
            provider.communicate()


def _first_line(provider: "subprocess.Popen[str]", log: IO[str]) -> str:
    # A provider that never says anything is killed, and then the line is empty.
    watch = threading.Timer(PATIENCE, provider.kill)
    watch.start()
    assert provider.stdout is not None
    line = provider.stdout.readline().strip()
    watch.cancel()
    if not line:
        log.seek(0)
        raise RuntimeError(f"The provider did not start:\n{log.read()[-4000:]}")
    return line


def installed(home: Path, name: str, *, requirement: str, program: str) -> Path:
    """
    Return the folder in which a program of ours and what it needs are, installed if need be.

    ``home`` has the program and its package.json with the lock; ``requirement`` is what
    USERACCOUNTS_REQUIRE calls it.
    """
    sources = [home / part for part in ("package.json", "package-lock.json", program)]
    digest = hashlib.sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "useraccounts-tests" / f"{name}-{digest[:16]}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        _install(sources, folder, requirement)
    return folder


def _install(sources: Sequence[Path], folder: Path, requirement: str) -> None:
    # Elsewhere first, and renamed at the end: of two processes at once, the later one takes what
    # the earlier one has finished.
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        for source in sources:
            shutil.copy(source, made)
        options = ["--no-audit", "--no-fund", "--ignore-scripts"]
        command = [_program("npm", requirement), "ci", *options]
        done = subprocess.run(command, cwd=made, capture_output=True, text=True, timeout=300)
        if done.returncode:
            missing(requirement, f"npm cannot install {folder.name}:\n{done.stderr[-2000:]}")
        try:
            made.rename(folder)
        except OSError:
            if not folder.exists():
                raise


def node(requirement: str) -> str:
    """Return the path of Node; skip or fail the test where it is not there, or too old."""
    found = _program("node", requirement)
    version = subprocess.run([found, "--version"], capture_output=True, text=True).stdout
    if int(version.lstrip("v").partition(".")[0] or 0) < NODE:
        missing(requirement, f"Node {NODE} or newer is needed, and this is {version.strip()}")
    return found


def _program(name: str, requirement: str) -> str:
    found = shutil.which(name)
    if not found:
        missing(requirement, f"{name} is not installed")
    return found
