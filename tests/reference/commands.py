"""The commands: what their help says."""

import argparse
from collections.abc import Iterator

from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand

from tests.reference.writing import code, heading, paragraph, table

PACKAGE = "django_useraccounts"


def own_commands() -> Iterator[tuple[str, BaseCommand]]:
    """Yield the commands of the package by their names."""
    for name, app in sorted(get_commands().items()):
        if str(app).partition(".")[0] == PACKAGE:
            yield name, load_command_class(str(app), name)


def commands() -> str:
    """Return the arguments of each command."""
    return "\n".join(_command(name, command) for name, command in own_commands())


def _command(name: str, command: BaseCommand) -> str:
    plain = {action.dest for action in BaseCommand().create_parser("", "")._actions}
    parser = command.create_parser("manage.py", name)
    rows = [
        (_names(action), _help(action)) for action in parser._actions if action.dest not in plain
    ]
    parts = [heading(f"``{name}``", "~"), f"{paragraph(_plain(command.help))}\n"]
    if rows:
        parts.append(table(("Argument", "What it says"), (36, 64), rows))
    return "\n".join(parts)


def _names(action: argparse.Action) -> str:
    value = action.metavar or (action.dest.upper() if action.nargs != 0 else "")
    if isinstance(value, tuple):
        value = " ".join(value)
    if not action.option_strings:
        return code(action.metavar or action.dest)
    return code(*(f"{option} {value}".strip() for option in action.option_strings))


def _help(action: argparse.Action) -> str:
    return _plain(action.help or "").replace("%(default)s", str(action.default)) or "–"


def _plain(text: str) -> str:
    # What a terminal shows as it is, reStructuredText would read.
    return text.replace("\\", "\\\\").replace("*", "\\*").replace("|", "\\|").replace("`", "\\`")
