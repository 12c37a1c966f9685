"""docs/reference names all that there is in the code, and nothing that there is not."""

import inspect
import re
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.dispatch import Signal
from django.urls import get_resolver
from django.utils.module_loading import import_string
from docutils import nodes

from django_useraccounts import errors, message
from django_useraccounts.conf import Conf
from django_useraccounts.errors import AccountError
from django_useraccounts.models import OutgoingMail
from django_useraccounts.policy import Policy
from django_useraccounts.room import rooms
from tests.readme import ROOT, document, table
from tests.reference import parts
from tests.reference.commands import own_commands
from tests.reference.templates import found, own_kinds

pytestmark = pytest.mark.one_database

FOLDER = ROOT / "docs" / "reference"
PACKAGE = "django_useraccounts"
#: Modules whose public names a project may use: each of them is documented.
PUBLIC = [
    *sorted(
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in (ROOT / PACKAGE).glob("*/flows*")
    ),
    *(f"{PACKAGE}.{name}" for name in ("decorators", "mixins", "guards", "room", "testing")),
    *(f"{PACKAGE}.integrations.{name}" for name in ("admin", "ninja", "rest_framework")),
    f"{PACKAGE}.templatetags.useraccounts",
    f"{PACKAGE}.social.templatetags.useraccounts_social",
]
#: What is public by its name only: what mixins share.
NOT_FOR_PROJECTS = {"roles_of", "register"}


def directives() -> dict[str, str]:
    """Return what is written from docstrings, with the directive that does it."""
    texts = [page.read_text(encoding="utf-8") for page in FOLDER.glob("*.rst")]
    marks = re.findall(r"^\.\. (auto\w+):: ([\w.]+)", "\n".join(texts), re.MULTILINE)
    return {name: directive for directive, name in marks}


def public_names(module: str) -> set[str]:
    code = import_module(module)
    named = getattr(code, "__all__", None)
    if named is None:
        named = [
            name
            for name, value in vars(code).items()
            if not name.startswith("_")
            and (inspect.isfunction(value) or inspect.isclass(value))
            and value.__module__ == module
        ]
    return set(named) - NOT_FOR_PROJECTS


@pytest.mark.parametrize("page", parts.PAGES, ids=lambda page: page.stem)
def test_what_is_written_from_the_code_is_current(page: Path) -> None:
    current = parts.current(page)

    assert page.read_text(encoding="utf-8") == current, "run: python -m tests.reference"


def test_each_part_stands_in_one_place() -> None:
    assert sorted(parts.names()) == sorted(parts.WRITERS)


@pytest.mark.parametrize("module", PUBLIC)
def test_every_public_name_is_there(module: str) -> None:
    named = {name.removeprefix(f"{module}.") for name in directives()}

    assert directives().get(module) == "automodule" or public_names(module) - named == set()


@pytest.mark.parametrize("name", directives())
def test_every_name_is_in_the_code_and_says_what_it_does(name: str) -> None:
    directive = directives()[name]
    if directive == "automodule":
        module = import_module(name)
        # Sphinx leaves out what has no docstring.
        assert all(getattr(module, public).__doc__ for public in public_names(name))
    else:
        thing = import_string(name)
        assert directive == "autodata" or (inspect.getdoc(thing) or "").strip()


def test_every_question_of_the_policy_says_what_it_asks() -> None:
    questions = [value for name, value in vars(Policy).items() if inspect.isfunction(value)]

    assert len(questions) >= 9
    assert all(question.__doc__ for question in questions)


def test_every_setting_is_there_and_no_other() -> None:
    sections = section_titles("settings")
    kinds = [Conf, *(room.conf.kind for room in rooms() if room.conf)]
    own = {field.name for kind in kinds for field in fields(kind)}

    assert {title for title in sections if title.isupper()} == own


def test_every_signal_is_there_and_no_other() -> None:
    named = first_cells("signals")
    modules = [import_module(f"{PACKAGE}.signals")]
    modules += [import_module(f"{name}.signals") for name in own_rooms("signals")]
    known = [
        name
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, Signal)
    ]

    assert sorted(named) == sorted(known)


def test_every_error_is_there_and_no_other() -> None:
    modules = [errors, *(import_module(f"{name}.errors") for name in own_rooms("errors"))]
    known = {
        name
        for module in modules
        for name, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, AccountError)
    }

    assert set(first_cells("errors")) == known


def test_every_page_is_in_the_table_of_urls_with_its_path_and_no_other() -> None:
    routes = get_resolver("django_useraccounts.urls").reverse_dict

    # The resolver tells each route by name and by view, and a route as "login/" or "…/%(link)s/".
    known = {name: routes[name][0][0][0] for name in routes if isinstance(name, str)}
    known = {name: re.sub(r"%\(\w+_id\)s", "%(id)s", path) for name, path in known.items()}
    pages = table("Below accounts/", "docs/reference/urls.rst")
    assert {name: re.sub(r"<(\w+)>", r"%(\1)s", path) for path, name, _ in pages} == known
    assert set(first_cells("views")) == known.keys()


def test_every_command_is_there_and_no_other() -> None:
    rows = table("python manage.py", "docs/reference/commands.rst")
    named = {name.split()[0] for name, _ in rows}
    own = {name for name, _command in own_commands()}

    assert own <= named <= set(get_commands())
    assert {title for title in section_titles("commands") if "_" in title} == own


def test_every_command_that_is_for_cron_stands_in_the_table_of_production() -> None:
    rows = table("python manage.py", "docs/checks.rst")

    for_cron = {name for name, command in own_commands() if "For cron" in str(command.__doc__)}
    assert {name for name, _often, _without in rows} == for_cron | {"clearsessions"}


def test_every_kind_of_mail_and_every_template_is_there_and_no_other() -> None:
    mails, templates = first_cells("mails"), first_cells("templates")
    shared = [name for name in mails if name.startswith("useraccounts/mails/")]
    context = [name for name in mails if name in message._context(OutgoingMail())]

    assert len(own_kinds()) > 25
    assert set(mails) - set(shared) - set(context) == set(own_kinds())
    kinds = [f"useraccounts/mails/{kind}/" for kind in own_kinds()]
    assert {name for name in found() if not name.startswith(tuple(kinds))} == {*templates, *shared}


def test_all_that_templates_of_mails_know_is_there_and_nothing_else() -> None:
    known = message._context(OutgoingMail(base_url="https://example.com/"))

    assert [name for name, _ in table("Name", "docs/reference/mails.rst")] == list(known)


def own_rooms(module: str) -> list[str]:
    """Return the rooms of this package that have a module."""
    names = [room.name for room in rooms() if room.name.startswith(f"{PACKAGE}.")]
    return [name for name in names if (ROOT / name.replace(".", "/") / f"{module}.py").exists()]


def section_titles(page: str) -> list[str]:
    sections = document(f"docs/reference/{page}.rst").findall(nodes.section)
    return [next(iter(section.findall(nodes.title))).astext() for section in sections]


def first_cells(page: str) -> list[str]:
    """Return the first words of the rows of every table, without those of heads."""
    bodies = document(f"docs/reference/{page}.rst").findall(nodes.tbody)
    rows = [row for body in bodies for row in body.findall(nodes.row)]
    return [next(row.findall(nodes.entry)).astext() for row in rows]
