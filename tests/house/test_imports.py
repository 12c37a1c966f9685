"""Who may import whom: the table of the house, held against every import that the code makes."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "django_useraccounts"

#: The ground that stands on nothing of ours.
LEVEL_0 = {"conf", "errors", "signals", "room", "compat"}
#: What all rooms stand on.
LEVEL_1 = {
    "backends",
    "batches",
    "breached",
    "browser",
    "canonical",
    "client",
    "compiled",
    "courier",
    "cookies",
    "counters",
    "credentials",
    "decorators",
    "devices",
    "fields",
    "guards",
    "headers",
    "identity",
    "integrations",
    "limits",
    "mail",
    "message",
    "mixins",
    "models",
    "outside",
    "personal_data",
    "policy",
    "preview",
    "proof",
    "renderer",
    "refusals",
    "requirements",
    "secrets",
    "sentences",
    "site",
    "spreadsheets",
    "tasks",
    "templatetags",
    "timing",
    "transactions",
    "undeliverable",
    "views",
}
#: The core rooms, and the rooms that each may know.
ROOMS = {
    "registration": {"login", "emails", "roles"},
    "passwords": {"login", "emails"},
    "profile": {"login", "emails"},
    "login": {"emails"},
    "emails": set(),
    "roles": set(),
    "administration": {"emails", "roles"},
    "leaving": {"emails", "administration"},
    "terms": {"emails"},
}
#: The rooms that a project installs or not, each with an app of its own.
OPTIONAL = {"invitations", "memberships", "sessions", "social"}
#: What of an optional room joins what puts everything together.
JOINTS = {"admin", "management"}
#: What stands in for the outside of an optional room in tests, by the room; imported by name alone.
STAND_INS = {"provider": "social"}
#: What puts everything together.
LEVEL_4 = {"admin", "apps", "checks", "management", "urls", "testing", "migrations"}

#: The order of a room: a file may import those after it, never those before.
ORDER = ("urls", "views", "forms", "flows")


def modules() -> list[Path]:
    return [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


def place_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(path: Path) -> set[tuple[str, ...]]:
    """Return what a module imports of the package, as parts of dotted names below it."""
    here = path.relative_to(PACKAGE).with_suffix("").parts[:-1]
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] if node.level else None
            dotted = tuple(node.module.split(".")) if node.module else ()
            if base is None and dotted[:1] != ("django_useraccounts",):
                continue
            parts = (*base, *dotted) if base is not None else dotted[1:]
            names |= {(*parts, alias.name) for alias in node.names}
        elif isinstance(node, ast.Import):
            dotted = [tuple(alias.name.split(".")) for alias in node.names]
            names |= {parts[1:] for parts in dotted if parts[0] == "django_useraccounts"}
    return names


def allowed(place: str) -> set[str]:
    if place in LEVEL_0:
        return LEVEL_0
    if place in LEVEL_1:
        return LEVEL_0 | LEVEL_1
    if place in ROOMS:
        return LEVEL_0 | LEVEL_1 | ROOMS[place] | {place}
    if place in OPTIONAL:
        return LEVEL_0 | LEVEL_1 | set(ROOMS) | {place}
    assert place in LEVEL_4, f"{place} has no place in the table"
    return LEVEL_0 | LEVEL_1 | LEVEL_4 | set(ROOMS)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down_only(path):
    place = place_of(path)
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    joint = JOINTS.intersection(parts[1:2]) if place in OPTIONAL else set()
    stand_in = {STAND_INS.get(parts[-1], "")} if place == "testing" else set()

    may = allowed(place) | joint | stand_in
    wrong = {names for names in imported(path) if names and names[0] not in may}

    assert not wrong


@pytest.mark.parametrize("room", [*ROOMS, *sorted(OPTIONAL)])
def test_a_room_is_read_from_urls_to_flows(room):
    for position, name in enumerate(ORDER):
        path = PACKAGE / room / f"{name}.py"
        if path.exists():
            own = {names[1] for names in imported(path) if names[0] == room and len(names) > 2}
            assert not own & set(ORDER[:position]), f"{room}/{name}.py looks back at {own}"


@pytest.mark.parametrize("room", [*ROOMS, *sorted(OPTIONAL)])
def test_flows_know_no_forms_responses_or_messages(room):
    files = [*(PACKAGE / room).glob("flows.py"), *(PACKAGE / room).glob("flows/*.py")]

    for path in files:
        for word in ("HttpResponse", "django.contrib.messages", "django.shortcuts", "forms"):
            assert word not in path.read_text(), f"{path} names {word}"


@pytest.mark.parametrize(
    "name",
    [
        "registration",
        "login",
        "emails",
        "passwords",
        "leaving",
        "terms",
        "invitations",
        "memberships",
        "sessions",
        "social",
    ],
)
def test_forms_neither_save_nor_mail_nor_log_in(name):
    source = (PACKAGE / name / "forms.py").read_text()

    for word in (".save(", ".create(", "announce", "login(", "flows"):
        assert word not in source


def test_the_table_knows_every_place():
    places = {place_of(path) for path in modules()}

    assert places <= LEVEL_0 | LEVEL_1 | set(ROOMS) | OPTIONAL | LEVEL_4
    assert LEVEL_0 | LEVEL_1 | set(ROOMS) | OPTIONAL | LEVEL_4 <= places


def test_guards_can_be_imported_where_the_app_is_not_installed():
    # By a project that uses them in a module which other sites of its own import, too.
    apps = ["django.contrib.contenttypes", "django.contrib.auth"]
    script = "import django; from django.conf import settings; "
    script += f"settings.configure(INSTALLED_APPS={apps}); django.setup()"
    modules = "django_useraccounts.decorators, django_useraccounts.mixins"

    imported = subprocess.run(
        [sys.executable, "-c", f"{script}; import {modules}"], cwd=PACKAGE.parent
    )

    assert imported.returncode == 0
