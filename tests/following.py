"""Pages of the docs, followed word by word: what they say becomes files and commands of a project."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.readme import ROOT, THIS_DJANGO

#: The first line of a block names its file, and may say for which Django it is.
HEAD = re.compile(r"(?:#|/\*|\{#) ([\w/.-]+\.\w+)(?:, with (Django [\d., and]+))?(?: \*/| #\})?")


class Project:
    """A project in a folder of its own, which knows this package."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def append(self, path: str, text: str) -> None:
        """Add to a file of the project, or make it."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as out:
            out.write(f"\n{text}\n")

    def write(self, block: str) -> None:
        """Add a block to the file that its first line names, unless it is for another Django."""
        head, _, code = block.partition("\n")
        named = HEAD.fullmatch(head)
        assert named, f"The first line names no file: {head}"
        path, django = named.groups()
        if django in (None, THIS_DJANGO.strip("# \n")):
            self.append(path, code)

    def run(self, *arguments: str, settings: str = "mysite.settings", code: int = 0) -> str:
        """Run Python with arguments and return what it says; it has to end with ``code``."""
        environment = {**self.environment, "DJANGO_SETTINGS_MODULE": settings}
        return self._finish([sys.executable, *arguments], environment, code=code)

    def command(self, words: Sequence[str]) -> str:
        """Run a command, as a reader types it, and return what it says; it has to succeed."""
        return self._finish(words, self.environment, code=0)

    def start(self, words: Sequence[str], **streams: Any) -> "subprocess.Popen[bytes]":
        """Start a command, as a reader types it, that goes on."""
        return subprocess.Popen(words, cwd=self.folder, env=self.environment, **streams)

    def _finish(self, words: Sequence[str], environment: dict[str, str], *, code: int) -> str:
        done = subprocess.run(
            words,
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        assert done.returncode == code, done.stdout
        return done.stdout

    @property
    def environment(self) -> dict[str, str]:
        """What commands of the project see: its folder and this checkout, and no settings of ours."""
        mine = ("DJANGO_SETTINGS_MODULE", "USERACCOUNTS_TEST_DATABASE")
        kept = {name: value for name, value in os.environ.items() if name not in mine}
        # The programs of this environment come first, as in one that was activated.
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        return {**kept, "PATH": path, "PYTHONPATH": f"{self.folder}{os.pathsep}{ROOT}"}


def found_in(said: str, block: str) -> re.Match[str] | None:
    """Find a block in what was said; "…" in it stands for what nobody can know before."""
    return re.search(".*?".join(map(re.escape, block.split("…"))), said, re.DOTALL)
