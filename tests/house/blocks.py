"""
Runs the Python of every page, as ``test_blocks.py`` asks for in a process of its own.

Guards tell their roles to the system checks of a process, and blocks change settings and URLs: none of that
is for the other tests. A block whose first line names a module of ``mysite`` is that module for all others.
"""

import json
import os
import sys
import tempfile
import traceback
import types
from datetime import timedelta
from pathlib import Path
from typing import Any

import django


def main() -> None:
    blocks: dict[str, str] = json.load(sys.stdin)
    django.setup()
    with tempfile.TemporaryDirectory() as folder:
        _write_mysite(Path(folder), blocks)
        json.dump({name: _run(code) for name, code in blocks.items()}, sys.stdout)


def _write_mysite(folder: Path, blocks: dict[str, str]) -> None:
    sys.path.insert(0, str(folder))
    sys.modules["celery"] = types.ModuleType("celery")
    vars(sys.modules["celery"])["shared_task"] = lambda **options: lambda function: function
    (folder / "mysite" / "books").mkdir(parents=True)
    (folder / "mysite" / "books" / "urls.py").write_text("app_name, urlpatterns = 'books', []\n")
    for code in blocks.values():
        first = code.split("\n")[0]
        if first.startswith("# mysite/") and first.endswith(".py"):
            (folder / first.removeprefix("# ")).write_text(code)


def _run(code: str) -> str:
    """Run a block as what it is a part of: settings, URLs, or a module; return what it raised."""
    from django.conf import settings
    from django.urls import include, path

    around: dict[str, Any] = {
        # An installed app, for a model that a page declares.
        "__name__": "testproject.guild.a_page",
        "INSTALLED_APPS": list(settings.INSTALLED_APPS),
        "MIDDLEWARE": list(settings.MIDDLEWARE),
        "AUTH_PASSWORD_VALIDATORS": list(settings.AUTH_PASSWORD_VALIDATORS),
        "DATABASES": {"default": {}},
        "USERACCOUNTS": {},
        "urlpatterns": [],
        "path": path,
        "include": include,
        "timedelta": timedelta,
        "os": os,
    }
    try:
        exec(code, around)
    except Exception:
        return traceback.format_exc(limit=-2)
    return _wrong_in(around["USERACCOUNTS"])


def _wrong_in(given: dict[str, Any]) -> str:
    from django.test import override_settings

    from django_useraccounts.conf import problems
    from django_useraccounts.room import rooms

    kinds = {room.conf.room: room.conf.kind for room in rooms() if room.conf and room.conf.room}
    with override_settings(USERACCOUNTS=given):
        return "\n".join(problem.message for problem in problems(kinds))


if __name__ == "__main__":
    main()
