"""
Count what async pages wait for behind an ASGI application, and how much of a processor they take.

    python -m benchmarks.async_guards [--samples 100]

Threads that an event loop waits for ("hops") and statements of one request do not vary. CPU is the
ratio of medians to the page that only asks ``request.auser()``, of requests in turns in one process
on one core: with Django's middleware of sessions and users, then with that of the room of sessions,
too. It exits with 1 if a guard waits for more than ``request.auser()`` does, or a stranger for what
a page that asks for nobody does not wait for.
"""

import argparse
import asyncio
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from .workers import stay_on_one_core

REQUESTS_A_SAMPLE = 20
ROOM = "django_useraccounts.sessions.middleware.SessionsMiddleware"
CONTEXT = [
    "django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth",
]
#: Each page: its name in the table, its path, whether somebody is logged in, and its status.
PAGES = (
    ("async, asks for nobody", "/nobody/", True, 200),
    ("async, request.auser()", "/auser/", True, 200),
    ("async, Django's login_required", "/login-required/", True, 200),
    ("async, roles_required", "/guarded/", True, 200),
    ("async, roles_required: a stranger", "/guarded/", False, 302),
    ("async, roles_required: forbidden", "/shut/", True, 403),
    ("sync, Django's login_required", "/sync-login-required/", True, 200),
    ("sync, roles_required", "/sync-guarded/", True, 200),
    ("the page to log in", "/accounts/login/", False, 200),
    ("the page of the profile", "/accounts/profile/", True, 200),
)
Visit = Callable[[], Awaitable[None]]


def main() -> int:
    """Measure both stacks, print the tables, and say whether the promise holds."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--samples", type=int, default=100)
    samples = parser.parse_args().samples
    stay_on_one_core()
    with tempfile.TemporaryDirectory() as folder:
        _configure(Path(folder))
        cookie = _log_in()
        is_kept = True
        for middleware in ([], [ROOM]):
            visits = _visits(middleware, cookie)
            print("with the room of sessions" if middleware else "with Django's middleware")
            is_kept &= asyncio.run(_measure(visits, samples))
    return int(not is_kept)


def _configure(folder: Path) -> None:
    import django
    from django.conf import settings
    from django.core.management import call_command

    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "db.sqlite3"}
    settings.configure(
        SECRET_KEY="a secret of the benchmark",
        ALLOWED_HOSTS=["testserver"],
        DATABASES={"default": {**database, "OPTIONS": {"transaction_mode": "IMMEDIATE"}}},
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django_useraccounts",
            "django_useraccounts.sessions",
        ],
        AUTH_USER_MODEL="useraccounts.User",
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {"context_processors": CONTEXT},
            }
        ],
        USERACCOUNTS={"ORIGIN": "http://testserver"},
        LOGIN_URL="useraccounts:login",
        ROOT_URLCONF="benchmarks.async_urls",
        LOGGING_CONFIG=None,
        USE_TZ=True,
    )
    django.setup()
    logging.disable()  # one of the pages is forbidden
    call_command("migrate", verbosity=0)


def _log_in() -> str:
    from django.test import Client, override_settings

    from django_useraccounts.testing import PASSWORD, make_user

    make_user("maria", password=PASSWORD, roles=("starving", "artist", "member"))
    client = Client()
    with override_settings(MIDDLEWARE=_middleware([ROOM])):
        client.post("/accounts/login/", {"identifier": "maria", "password": PASSWORD})
    return f"sessionid={client.session.session_key}"


def _middleware(room: list[str]) -> list[str]:
    return [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        *room,
    ]


def _visits(room: list[str], cookie: str) -> dict[str, Visit]:
    from django.core.asgi import get_asgi_application
    from django.test import override_settings

    with override_settings(MIDDLEWARE=_middleware(room)):
        application = get_asgi_application()

    def visit(path: str, is_user: bool, status: int) -> Visit:
        headers = [(b"host", b"testserver")] + [(b"cookie", cookie.encode())] * is_user
        scope = {
            "type": "http", "method": "GET", "path": path, "query_string": b"", "headers": headers,
        }  # fmt: skip
        return lambda: _ask(application, scope, status)

    return {name: visit(*page) for name, *page in PAGES}


async def _ask(application: Any, scope: dict[str, Any], status: int) -> None:
    answers: list[dict[str, Any]] = []
    messages = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        return messages.pop() if messages else await asyncio.Future()

    async def send(message: dict[str, Any]) -> None:
        answers.append(message)

    await application(dict(scope), receive, send)
    assert answers[0]["status"] == status, answers


async def _measure(visits: dict[str, Visit], samples: int) -> bool:
    hops = {name: await _count(visit) for name, visit in visits.items()}
    times: dict[str, list[float]] = {name: [] for name in visits}
    for _sample in range(samples):
        for name, visit in visits.items():
            began = time.process_time()
            for _request in range(REQUESTS_A_SAMPLE):
                await visit()
            times[name].append(time.process_time() - began)
    known = statistics.median(times["async, request.auser()"])
    print(f"{'page':36} hops  statements  CPU/auser()")
    for name, (hopped, statements) in hops.items():
        ratio = statistics.median(times[name]) / known
        print(f"{name:36} {hopped:4}  {statements:10}  {ratio:11.2f}")
    return (
        hops["async, roles_required"] == hops["async, request.auser()"]
        and hops["async, roles_required: a stranger"] == hops["async, asks for nobody"]
    )


async def _count(visit: Visit) -> tuple[int, int]:
    """Return hops and statements of one request, once it is warm."""
    from django.db.backends.signals import connection_created

    from tests.asgi.hops import counted

    statements: list[str] = []

    def note(execute: Any, sql: str, *args: Any) -> Any:
        statements.append(sql)
        return execute(sql, *args)

    def watch(connection: Any, **kwargs: Any) -> None:
        connection.execute_wrappers.append(note)

    await visit()
    connection_created.connect(watch)
    try:
        with counted() as hops:
            await visit()
    finally:
        connection_created.disconnect(watch)
    return len(hops), len(statements)


if __name__ == "__main__":
    sys.exit(main())
