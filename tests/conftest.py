"""What all tests share: the header, the order, and what happens when a program is missing."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import NoReturn

import django
import pytest
from django.conf import settings as site
from django.core.cache import cache
from django.utils import translation
from pytest_django import DjangoDbBlocker, Settings

from django_useraccounts.compiled import _compiled_once
from tests.choosing import choose
from tests.emptying import empty_quickly

#: Marks of tests that take long as one piece: in a parallel run they have to begin first.
LONG = ("databases", "machine", "wheel", "browser")
#: Folders whose tests go again and again through what those of the rooms cover. While they run
#: nobody counts lines, which would take nearly as long as they do.
UNCOUNTED = {"browser", "demo", "faults", "fuzz", "gallery", "machine", "projects", "races"}


def missing(what: str, reason: str) -> NoReturn:
    """
    Skip the test because this machine lacks something, or fail where that was promised.

    USERACCOUNTS_REQUIRE names, with commas, what may not be missing: browser, postgresql, mariadb,
    redis, oidc, node, gettext, asgi, gunicorn, pgbouncer.
    """
    required = os.environ.get("USERACCOUNTS_REQUIRE", "").split(",")
    if what in [name.strip() for name in required]:
        pytest.fail(f"USERACCOUNTS_REQUIRE names {what}: {reason}", pytrace=False)
    pytest.skip(reason)


def pytest_runtest_setup(item: pytest.Item) -> None:
    # A page of the last test may have been in another language, which stays that of the thread.
    translation.deactivate()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    if item.path.parent.name not in UNCOUNTED:
        return (yield)
    # The mark no_cover of pytest-cov does nothing in a parallel run, whose workers count twice.
    counting = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(counting[0])
        threading.settrace(counting[1])


@pytest.fixture
def set_conf(settings: Settings) -> Callable[..., None]:
    """Change some settings of the accounts for one test: ``set_conf(LINK_MAX_AGE=…)``."""

    def change(**changed: object) -> None:
        settings.USERACCOUNTS = {**settings.USERACCOUNTS, **changed}

    return change


@pytest.fixture
def without_time_zones(settings: Settings) -> Iterator[Callable[[str], None]]:
    """Keep moments as those of a place: ``without_time_zones("Europe/Berlin")``."""

    def change(place: str) -> None:
        settings.USE_TZ, settings.TIME_ZONE = False, place
        # What was compiled for the whole process: no site changes this as it runs.
        _compiled_once.cache_clear()

    yield change
    _compiled_once.cache_clear()


@pytest.fixture(params=["db", "cached_db", "cache"])
def each_engine(request: pytest.FixtureRequest, settings: Settings) -> Iterator[str]:
    """Keep sessions in turn where each engine keeps them that can end one."""
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{request.param}"
    yield request.param
    cache.clear()


@pytest.fixture
def sites_framework(settings: Settings) -> Iterator[None]:
    """Install Django's Sites framework for one test, which puts its pages into the admin."""
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django.contrib.sites"]
    from django.contrib import admin
    from django.contrib.sites.models import Site

    yield
    if admin.site.is_registered(Site):
        # Else every page of the admin would look for an app that is not there any more.
        admin.site.unregister(Site)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a throw-away certificate for 127.0.0.1, with its key in the same file."""
    openssl = shutil.which("openssl")
    if not openssl:
        missing("openssl", "the program openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    key, path = folder / "key.pem", folder / "certificate.pem"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    names = ["-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        [openssl, "req", "-x509", *curve, *names, "-keyout", key, "-out", path],
        check=True,
        capture_output=True,
    )
    path.write_text(key.read_text() + path.read_text())
    return path


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Have a database, and its tables emptied quickly after each test that needs that."""
    with django_db_blocker.unblock():
        empty_quickly()


def pytest_report_header() -> str:
    # test_suite_on_other_databases reads this line.
    engine = site.DATABASES["default"]["ENGINE"].rpartition(".")[2]
    return f"useraccounts: Django {django.get_version()} on {engine}"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = choose(items)
    kept = set(wanted)
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = wanted
    if hasattr(config, "workerinput"):
        items.sort(key=_comes_later)
        items[:] = _spread(items, workers=config.workerinput["workercount"])


def _comes_later(item: pytest.Item) -> bool:
    # Those of the gallery go together: each worker that has one takes all its shots.
    is_long = any(item.get_closest_marker(mark) for mark in LONG)
    return not is_long and "gallery" not in getattr(item, "fixturenames", ())


def _spread(items: list[pytest.Item], *, workers: int) -> list[pytest.Item]:
    """
    Return the tests with each suite on another database at the head of another worker's share.

    Beside one another both would go to one worker, and the test that comes next there is the only
    one that no other worker can take over: one suite would wait for the other.
    """
    suites = [item for item in items if item.get_closest_marker("databases")]
    spread = [item for item in items if item not in suites]
    for number, suite in enumerate(suites):
        spread.insert(number * len(items) // workers, suite)
    return spread
