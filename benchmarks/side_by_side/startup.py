"""What a process costs until its first page: CPU, collecting garbage included, and memory."""

import gc
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from ..workers import ROOT
from . import KINDS

#: What a process tells of itself, when Django is set up and when the login page was shown.
Facts = dict[str, float]


#: In a new Django project the admin is installed, and has imported forms and more already.
PROJECTS = [(kind, app) for app in ("", "django.contrib.admin") for kind in KINDS]


def measure(samples: int) -> dict[str, Facts]:
    """Start each project in turns, with and without the admin; return the medians."""
    turns = list(PROJECTS)
    taken: dict[tuple[str, str], list[Facts]] = {project: [] for project in PROJECTS}
    for _sample in range(samples + 1):
        for project in turns:
            taken[project].append(_started(*project))
        turns.append(turns.pop(0))
    # The first one has compiled the modules.
    return {" ".join(project): _medians(facts[1:]) for project, facts in taken.items()}


def _medians(facts: Sequence[Facts]) -> Facts:
    return {name: median(one[name] for one in facts) for name in facts[0]}


def _started(kind: str, app: str) -> Facts:
    # Installed packages come compiled, and a checkout has to be, too.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-m", __name__, kind, app],
        cwd=ROOT,
        env={**environment, "PYTHONHASHSEED": "0"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    facts: Facts = json.loads(done.stdout)
    return facts


def start(kind: str, app: str) -> Facts:
    """Be that process."""
    collecting: list[float] = []

    def note(phase: str, _facts: object) -> None:
        collecting.append(time.process_time() * (1 if phase == "stop" else -1))

    gc.callbacks.append(note)
    begun = time.process_time()
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application

    from .settings import settings_of

    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
    described = settings_of(kind, database)
    # The package for roles stands beside django-allauth to guard a page, not to log in.
    apps = [app, *(name for name in described["INSTALLED_APPS"] if name != "rolepermissions")]
    settings.configure(**{**described, "INSTALLED_APPS": [name for name in apps if name]})
    application = get_wsgi_application()
    facts = {"setup": time.process_time() - begun, "setup_memory": _memory()}
    facts["setup_collecting"] = sum(collecting)
    _show_login(application)
    facts |= {"page": time.process_time() - begun, "page_memory": _memory()}
    return {**facts, "page_collecting": sum(collecting)}


def _memory() -> float:
    """Return the bytes in memory: on Linux now, since the most of it counts that of the parent."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * resource.getpagesize()
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes * (1 if sys.platform == "darwin" else 1024)


def _show_login(application: Any) -> None:
    # The request factory of Django's tests would import what the page needs.
    from wsgiref.util import setup_testing_defaults

    environ: dict[str, Any] = {"PATH_INFO": "/accounts/login/", "HTTP_HOST": "testserver"}
    setup_testing_defaults(environ)
    statuses: list[str] = []
    body = application(environ, lambda status, headers: statuses.append(status))
    text = b"".join(body)
    body.close()
    assert statuses == ["200 OK"] and b'type="password"' in text, (statuses, text)


if __name__ == "__main__":
    print(json.dumps(start(sys.argv[1], sys.argv[2])))
