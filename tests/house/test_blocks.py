"""Every code block of README.rst and the docs is run: here, or by the test that is named here."""

import json
import os
import re
import shlex
import subprocess
import sys
from configparser import ConfigParser
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest
from django.core.management import get_commands, load_command_class
from django.core.management.base import CommandError
from django.template import engines
from docutils import nodes

from tests.howto import test_howto
from tests.readme import ROOT, document, pages
from tests.recipes import test_docs

pytestmark = pytest.mark.one_database


class Block(NamedTuple):
    page: str
    number: int
    language: str
    code: str


class Elsewhere(NamedTuple):
    """Blocks of a page that cannot stand alone, and the test that runs them."""

    page: str
    language: str
    begins: str
    test: str
    why: str


#: Every exception from what this module does; ``test_exceptions_…`` keeps the list short and true.
ELSEWHERE = [
    Elsewhere(
        *("docs/contrib_auth.rst", "python", "", "tests/adoption/site.py"),
        "they are the files of an old site, which is led over by them",
    ),
    Elsewhere(
        *("docs/replacing.rst", "", "", "tests/replaced/test_docs.py"),
        "they are parts of the files of a project, which is tested with them",
    ),
    Elsewhere(
        *("docs/tutorial.rst", "", "", "tests/browser/test_tutorial.py"),
        "they are the steps of one story, which a browser follows",
    ),
    Elsewhere(
        *("docs/flask_user.rst", "", "", "tests/flask_user/test_recipe.py"),
        "they bring the users of another database over",
    ),
    Elsewhere(
        *("docs/contributing.rst", "shell", "", "tests/house/test_contributing.py"),
        "they are for who works on the code",
    ),
    Elsewhere(
        *("docs/scaling.rst", "python", "", "tests/house/test_scaling.py"),
        "they are parts of files that the tests run on",
    ),
    Elsewhere(
        *("docs/scaling.rst", "postgresql", "", "tests/ground/test_partitions.py"),
        "they need a PostgreSQL server",
    ),
    Elsewhere(
        *("docs/scaling.rst", "", "ALTER TABLE", "tests/ground/test_partitions.py"),
        "they need a PostgreSQL server, and partitions to drop",
    ),
    Elsewhere(
        *("docs/providers.rst", "python", '"', "tests/social/test_docs.py"),
        "they are entries of a dictionary",
    ),
    Elsewhere(
        *("docs/providers.rst", "", "https://", "tests/social/test_docs.py"),
        "it is an address",
    ),
    Elsewhere(
        *("docs/languages.rst", "", "{", "tests/languages/test_worklists.py"),
        "it is JSON to hand over",
    ),
    Elsewhere(
        *("docs/mail.rst", "python", "from django_useraccounts.undeliverable", "tests/house/test_mail_page.py"),
        "it writes a row",
    ),
]  # fmt: skip


#: Recipes that a test follows whole; they go by one another's files.
FOLLOWED = {f"docs/howto/{name}.rst" for name in (*test_howto.PAGES, *test_docs.PAGES)}


@cache
def every_block() -> list[Block]:
    found = []
    for page in pages():
        # To parse them all takes seconds, and a page without these marks has no block.
        if not re.search(r"::(?: [\w+]+)?\n\n", (ROOT / page).read_text(encoding="utf-8")):
            continue
        for number, block in enumerate(document(page).findall(nodes.literal_block)):
            language = [name for name in block["classes"] if name != "code"]
            found.append(Block(page, number, "".join(language), block.astext()))
    return found


def exception_of(block: Block) -> Elsewhere | None:
    fitting = (
        one
        for one in ELSEWHERE
        if one.page == block.page
        and one.language in ("", block.language)
        and block.code.startswith(one.begins)
    )
    return next(fitting, None)


def own(*languages: str) -> list[Block]:
    """Return the blocks that are run here."""
    return [b for b in rest() if b.language in languages]


def rest() -> list[Block]:
    """Return the blocks that nobody else runs."""
    return [b for b in every_block() if exception_of(b) is None and b.page not in FOLLOWED]


def test_their_python_runs() -> None:
    codes = {f"{b.page}:{b.number}": b.code for b in own("python")}
    asked_for = re.findall(r'environ\["(\w+)"\]', "".join(codes.values()))

    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.house.blocks"],
        input=json.dumps(codes),
        cwd=ROOT,
        env={**os.environ, **{name: f"the {name}" for name in asked_for}},
        capture_output=True,
        text=True,
    )

    assert len(codes) > 60
    assert done.returncode == 0, done.stderr
    assert {name: error for name, error in json.loads(done.stdout).items() if error} == {}


def test_their_templates_compile_and_their_commands_can_be_given() -> None:
    templates, commands = own("html+django"), own("shell", "")

    for block in templates:
        engines["django"].from_string(block.code)
    for block in commands:
        for line in block.code.replace("\\\n", " ").split("\n"):
            for command in line.split(" && "):
                check_command(shlex.split(command, comments=True))
    assert len(templates) >= 4
    assert len(commands) >= 20


def check_command(words: list[str]) -> None:
    """Raise what is wrong with a command: a program, target, extra or option that there is not."""
    match words:
        case [] | ["cd", _]:
            pass
        case [python, "manage.py", name, *arguments] if Path(python).name.startswith("python"):
            check_arguments(name, arguments)
        case [python, "-m", "venv" | "pytest" | "pip" | "django", *_] if "python" in python:
            pass
        case [python, "-m", module, *_] if Path(python).name == "python":
            assert find_spec(module), module
        case ["make", target]:
            assert f"\n{target}:" in (ROOT / "Makefile").read_text(), target
        case [pip, "install", *_, what] if Path(pip).name == "pip":
            setup = ConfigParser()
            setup.read(ROOT / "setup.cfg", encoding="utf-8")
            extras = setup["options.extras_require"]
            assert set(re.findall(r"[\w-]+", "".join(re.findall(r"\[(.+)\]", what)))) <= set(extras)
        case ["django-admin", name, *arguments]:
            check_arguments(name, arguments)
        case _:
            pytest.fail(f"Nobody knows what this does: {shlex.join(words)}")


def check_arguments(name: str, arguments: list[str]) -> None:
    command = load_command_class(get_commands()[name], name)
    try:
        command.create_parser("manage.py", name).parse_args(arguments)
    except (CommandError, SystemExit) as error:
        pytest.fail(f"manage.py {name} {shlex.join(arguments)}: {error}")


def test_there_is_no_block_that_nothing_runs() -> None:
    known = {"python", "html+django", "shell", ""}

    assert [block[:3] for block in rest() if block.language not in known] == []


def test_exceptions_are_few_and_of_blocks_that_the_named_test_reads() -> None:
    assert len(ELSEWHERE) <= 12
    for one in ELSEWHERE:
        assert any(exception_of(block) == one for block in every_block()), one
        assert Path(one.page).name in (ROOT / one.test).read_text(encoding="utf-8"), one
