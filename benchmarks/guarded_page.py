"""
Compare pages behind roles_required with what else a Django site would guard its pages by.

    python -m benchmarks.guarded_page [--samples 200]

Beside it stand the page of stock django.contrib.auth behind login_required, and those that ask for
a group, for a permission, and for a role of django-role-permissions. Each is a process with the
same Django, middleware, sessions and database (a SQLite file each). They answer the same request in
turns, so that the machine's moods meet all. Reported are queries and Python calls of one request,
which do not vary, and the CPU time of a request as the ratio of the medians to stock
login_required. It exits with 1 if a guarded page makes more than 0.9 of the stock's calls, or more
than 2 queries: a gate is what does not vary, not what a busy machine bends.
"""

import argparse
import io
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from .workers import Worker, python_calls, serve, stay_on_one_core

REQUESTS_A_SAMPLE = 20
ROLES = ("starving", "artist", "member")

#: Each page with its name in the table, and the most calls that ours may make beside stock.
PAGES = {
    "login-required": ("login_required, contrib.auth", None),
    "ours": ("login_required, ours, no roles", 0.9),
    "ours-roles": ("roles_required, 3 roles in force", 0.9),
    "ours-20-guards": ("20 times roles_required, ours", 0.9),
    "group": ("a group, contrib.auth", None),
    "permission": ("permission_required, contrib.auth", None),
    "role-package": ("a role, django-role-permissions", None),
}


def main() -> int:
    """Run both, print the table, and say by the exit code whether the promise holds."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--samples", type=int, default=200)
    samples = parser.parse_args().samples
    with tempfile.TemporaryDirectory() as folder:
        environment = {"BENCHMARK_FOLDER": folder}
        workers = {kind: Worker("benchmarks.guarded_page", kind, environment) for kind in PAGES}
        facts = {kind: worker.ask("count") for kind, worker in workers.items()}
        times: dict[str, list[float]] = {kind: [] for kind in workers}
        for _sample in range(samples):
            for kind, worker in workers.items():
                times[kind].append(float(worker.ask("time")["seconds"]))
        for worker in workers.values():
            worker.stop()
    medians = {kind: statistics.median(seconds) for kind, seconds in times.items()}
    print(f"{'page':34} queries   calls  calls/stock  CPU/stock")
    stock, is_broken = "login-required", False
    for kind, (name, most) in PAGES.items():
        queries, calls = facts[kind]["queries"], facts[kind]["calls"] / facts[stock]["calls"]
        print(
            f"{name:34} {queries:7} {facts[kind]['calls']:7}  "
            f"{calls:11.2f} {medians[kind] / medians[stock]:10.2f}"
        )
        is_broken |= most is not None and (calls > most or queries > 2)
    return int(is_broken)


def work(kind: str) -> None:
    """Answer the questions that come by standard input; this is the other process."""
    stay_on_one_core()
    _configure(kind)
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application

    application = get_wsgi_application()
    call_command("migrate", verbosity=0)
    environ = _environ(kind)

    def request() -> bytes:
        status: list[str] = []
        body = application(dict(environ), lambda line, headers: status.append(line))
        content = b"".join(body)
        body.close()
        assert status == ["200 OK"], status
        return content

    for _warm_up in range(50):
        request()
    serve(lambda question: _count(request) if question == "count" else _time(request))


def _configure(kind: str) -> None:
    from django.conf import settings

    ours = kind.startswith("ours")
    name = Path(os.environ["BENCHMARK_FOLDER"]) / f"{kind}.sqlite3"
    settings.configure(
        SECRET_KEY="a secret of the benchmark",
        ALLOWED_HOSTS=["testserver"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": name}},
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            *(["django_useraccounts"] if ours else []),
            *(["rolepermissions"] if kind == "role-package" else []),
        ],
        AUTH_USER_MODEL="useraccounts.User" if ours else "auth.User",
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        ROOT_URLCONF="benchmarks.urls",
        ROLEPERMISSIONS_MODULE="benchmarks.package_roles",
        CONN_MAX_AGE=None,
        USE_TZ=True,
    )
    settings.DATABASES["default"]["CONN_MAX_AGE"] = None


def _environ(kind: str) -> dict[str, object]:
    from django.test import Client, RequestFactory

    if kind.startswith("ours"):
        from django_useraccounts.testing import make_user

        user = make_user(password=None, roles=ROLES)
    else:
        user = _stock_user(kind)
    client = Client()
    client.force_login(user)
    environ = RequestFactory().get(f"/{kind}/").environ
    environ["HTTP_COOKIE"] = f"sessionid={client.session.session_key}"
    environ["wsgi.input"] = io.BytesIO()
    return environ


def _stock_user(kind: str) -> Any:
    """Make a user of django.contrib.auth with the groups, and in the role of the package."""
    from django.contrib.auth.models import Group, Permission, User

    user = User.objects.create_user("maria", "maria@example.com")
    for name in ROLES:
        group = Group.objects.create(name=name)
        group.permissions.add(Permission.objects.get(codename="view_user"))
        user.groups.add(group)
    if kind == "role-package":
        from rolepermissions.roles import assign_role

        for name in ROLES:
            assign_role(user, name)
    return user


def _count(request) -> dict[str, float]:  # type: ignore[no-untyped-def]
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        request()
    queries = len(captured)  # now: the next request empties the log
    return {"queries": queries, "calls": python_calls(request)}


def _time(request) -> dict[str, float]:  # type: ignore[no-untyped-def]
    start = time.process_time()
    for _request in range(REQUESTS_A_SAMPLE):
        request()
    return {"seconds": (time.process_time() - start) / REQUESTS_A_SAMPLE}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        work(sys.argv[2])
    else:
        sys.exit(main())
