"""A database for each size, on the server of USERACCOUNTS_TEST_DATABASE, made once."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).parents[2]


def configure(**changed: Any) -> None:
    """
    Set Django up as the site of the tests, with all rooms and their middleware.

    The database is the one that SCALE_DATABASE names.
    """
    os.environ["DJANGO_SETTINGS_MODULE"] = "testproject.test_settings"
    os.environ["USERACCOUNTS_TEST_DATABASE"] = os.environ["SCALE_DATABASE"]
    import django
    from django.conf import settings
    from django.test.utils import setup_test_environment

    settings.ROOT_URLCONF = "benchmarks.scale.urls"
    settings.ALLOWED_HOSTS = ["*"]
    keeper = "django_useraccounts.sessions.middleware.SessionsMiddleware"
    place = settings.MIDDLEWARE.index("django.contrib.auth.middleware.AuthenticationMiddleware")
    settings.MIDDLEWARE.insert(place + 1, keeper)
    # Carried when it is asked for, not beside what is looked at.
    own = {"MAIL_DELIVERY": "command", "ORIGIN": "http://testserver", "UNICODE_USERNAMES": True}
    settings.USERACCOUNTS = {**settings.USERACCOUNTS, **own, **changed}
    settings.LOGGING = {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"null": {"class": "logging.NullHandler"}},
        "root": {"handlers": ["null"], "level": "WARNING"},
    }
    django.setup()
    setup_test_environment()


def worker(task: str, **environment: str) -> "subprocess.CompletedProcess[bytes]":
    """Have a process do a part of the work, and wait for it."""
    command = [sys.executable, "-m", "benchmarks.scale", "--worker", task]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **environment})


def small_database() -> str:
    """Return the URL of a database without rows."""
    server = os.environ["USERACCOUNTS_TEST_DATABASE"]
    _make(server, "scale_small")
    return _url(server, "scale_small")


def copy_of(number: int) -> str:
    """Return the URL of a copy of a filled database, on PostgreSQL."""
    database_of(number)
    server, name = os.environ["USERACCOUNTS_TEST_DATABASE"], f"scale_{number}_copy"
    _run(server, f"DROP DATABASE IF EXISTS {name}")
    _run(server, f"CREATE DATABASE {name} TEMPLATE scale_{number} STRATEGY FILE_COPY")
    return _url(server, name)


def drop(url: str) -> None:
    """Drop a database."""
    name = urlsplit(url).path.lstrip("/")
    _run(os.environ["USERACCOUNTS_TEST_DATABASE"], f"DROP DATABASE {name}")


def _url(server: str, name: str) -> str:
    return urlsplit(server)._replace(path=f"/{name}").geturl()


def database_of(number: int) -> str:
    """Return the URL of a database of so many people; it is made and filled if there is none."""
    server = os.environ["USERACCOUNTS_TEST_DATABASE"]
    name = f"scale_{number}"
    url = _url(server, name)
    if not _is_filled(server, name):
        _make(server, name)
        worker(f"fill {number}", SCALE_DATABASE=url).check_returncode()
        _run(server, f"CREATE DATABASE {name}_filled")
    return url


def _is_filled(server: str, name: str) -> bool:
    # A second one stands for the end of the work: whoever is interrupted begins anew.
    tables = {"postgresql": "pg_database", "mariadb": "information_schema.schemata"}
    columns = {"postgresql": "datname", "mariadb": "schema_name"}
    kind = urlsplit(server).scheme
    asked = f"SELECT 1 FROM {tables[kind]} WHERE {columns[kind]} = '{name}_filled'"
    return bool(_run(server, asked))


def _make(server: str, name: str) -> None:
    _run(server, f"DROP DATABASE IF EXISTS {name}")
    _run(server, f"CREATE DATABASE {name}")


def _run(server: str, statement: str) -> Any:
    """Run one statement outside of Django, and return its rows."""
    parts = urlsplit(server)
    if parts.scheme == "postgresql":
        import psycopg

        with psycopg.connect(server, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []
    import MySQLdb

    where = {"host": parts.hostname, "port": parts.port, "user": parts.username}
    connection = MySQLdb.connect(**where, password=unquote(parts.password or ""))
    with connection.cursor() as cursor:
        cursor.execute(statement)
        rows = cursor.fetchall()
    connection.close()
    return rows
