"""docs/contributing.rst tells of what there is: tests, commands, files and names."""

import importlib.util
import re
import shlex
from dataclasses import fields

import pytest

from django_useraccounts.conf import Conf
from tests.conftest import missing
from tests.known import is_known, literals, misnamed
from tests.readme import ROOT, document, page_blocks

pytestmark = pytest.mark.one_database

PAGE = document("docs/contributing.rst")
#: Words of Python and of other programs, folders that are made, and attributes.
WORDS = {
    ".venv",
    ".po",
    "#:",
    "flows.py",
    "signals.py",
    "sentences.py",
    "conf.py",
    "subject.txt",
    "body.txt",
    "body.html",
    "change-password/",
    "path()",
    "request=None",
    "is_public",
    "ngettext",
    "mariadb",
    "templates/useraccounts/mails",
    "AccountEvent.objects.record",
}


def lines() -> list[str]:
    """Return the commands of the page, without what they say about themselves."""
    blocks = page_blocks("docs/contributing.rst", "shell")
    return [line.partition("#")[0].strip() for block in blocks for line in block.splitlines()]


def exists(name: str) -> bool:
    if re.match(r"(tests|docs|django_useraccounts|\.ci)/", name):
        return (ROOT / name).exists()
    if module := re.fullmatch(r"python -m ([\w.]+)", name):
        return importlib.util.find_spec(module[1]) is not None
    return is_known(name)


def test_what_it_names_exists() -> None:
    named = {name for name in literals(PAGE) if not name.startswith("USERACCOUNTS_")}

    assert misnamed(named, WORDS, is_there=exists) == set()


@pytest.mark.parametrize("line", lines())
def test_its_commands_can_be_run(line: str) -> None:
    line = re.sub(r"^USERACCOUNTS_\w+=\w+ ", "", line)
    words = shlex.split(line)
    if words[0] == "make":
        assert f"\n{words[1]}:" in (ROOT / "Makefile").read_text()
        return
    for part in line.split(" -- "):
        program, _, module, *arguments = part.split()
        assert program == ".venv/bin/python"
        found = importlib.util.find_spec(module)
        # A folder that is called is one that can be.
        folder = found.submodule_search_locations if found else None
        assert found and (not folder or importlib.util.find_spec(f"{module}.__main__"))
        assert all((ROOT / name).is_dir() for name in arguments if name.startswith("tests/"))


def test_what_may_be_required_is_what_can_be_missing() -> None:
    (told,) = [name for name in literals(PAGE) if name.startswith("USERACCOUNTS_REQUIRE")]

    assert all(what in missing.__doc__ for what in told.partition("=")[2].split(","))


def test_the_settings_are_as_many_as_it_says() -> None:
    assert "there are twenty" in PAGE.astext() and len(fields(Conf)) == 20
