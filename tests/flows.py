"""All that people and programs can have done: the public functions of the flows of each room."""

from collections.abc import Callable
from importlib import import_module
from inspect import isfunction
from pathlib import Path
from typing import Any

import django_useraccounts


def public_flows() -> dict[str, Callable[..., Any]]:
    """Return every public function that a module of flows defines, by its name."""
    package = Path(django_useraccounts.__file__).parent
    rooms = [path.parent.name for path in package.glob("*/flows.py")]
    rooms += [path.parent.parent.name for path in package.glob("*/flows/__init__.py")]
    return {
        name: value
        for room in rooms
        for name, value in vars(import_module(f"django_useraccounts.{room}.flows")).items()
        if isfunction(value)
        and value.__module__.startswith(f"django_useraccounts.{room}.flows")
        and not name.startswith("_")
    }
