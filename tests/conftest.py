"""What all tests share: the header, the order, and what happens when a program is missing."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import NoReturn
from zlib import crc32

import django
import pytest
from django.conf import settings as site
from pytest_django import DjangoDbBlocker, Settings

from tests.emptying import empty_quickly

#: Marks of tests that take long as one piece: in a parallel run they have to begin first.
LONG = ("databases", "machine", "wheel", "browser")
#: Folders whose tests ask about pages, programs and people; what the database answers there, the
#: tests of the rooms ask of each database.
ONE_DATABASE = {"behaviours", "demo", "integrations", "smtp"}
#: Folders that each server has as a whole in an ordinary run, where it has a third of the others; and
#: the races among them, of which it has a third all the same.
EVERY_DAY = {"attacks", "races"}
RACES = "test_S_races"
#: Folders that hang on neither the database nor the Django.
ONCE = {"control", "machine"}


def missing(what: str, reason: str) -> NoReturn:
    """
    Skip the test because this machine lacks something, or fail where that was promised.

    USERACCOUNTS_REQUIRE names, with commas, what may not be missing: browser, postgresql, mariadb,
    redis, oidc.
    """
    required = os.environ.get("USERACCOUNTS_REQUIRE", "").split(",")
    if what in [name.strip() for name in required]:
        pytest.fail(f"USERACCOUNTS_REQUIRE names {what}: {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture
def set_conf(settings: Settings) -> Callable[..., None]:
    """Change some settings of the accounts for one test: ``set_conf(LINK_MAX_AGE=…)``."""

    def change(**changed: object) -> None:
        settings.USERACCOUNTS = {**settings.USERACCOUNTS, **changed}

    return change


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
    if os.environ.get("USERACCOUNTS_TEST_DATABASE"):
        # USERACCOUNTS_TESTS says which ones; else those that ask the database.
        is_wanted = CHOICES[os.environ.get("USERACCOUNTS_TESTS", "asking")]
        config.hook.pytest_deselected(items=[item for item in items if not is_wanted(item)])
        items[:] = filter(is_wanted, items)
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: not any(item.get_closest_marker(mark) for mark in LONG))


def _is_no_copy(item: pytest.Item) -> bool:
    # Who passes a guard hangs on roles and addresses, and the tests of those read them from each
    # database; what is a hundred times the same question in another spelling needs one.
    is_one = item.get_closest_marker("one_database")
    return not is_one and item.path.parent.name not in ONE_DATABASE | ONCE


def _asks(item: pytest.Item) -> bool:
    # pytest-django lets no other test reach the database.
    fixtures = {"db", "transactional_db", "live_server"} & set(getattr(item, "fixturenames", ()))
    return _is_no_copy(item) and bool(fixtures or item.get_closest_marker("django_db"))


def _is_for_today(item: pytest.Item) -> bool:
    if item.path.parent.name in EVERY_DAY and not item.path.name.startswith(RACES):
        return _asks(item)
    day = date.today().toordinal()  # noqa: DTZ011 - any day will do
    is_mariadb = site.DATABASES["default"]["ENGINE"].endswith("mysql")
    return _is_no_copy(item) and (crc32(item.nodeid.encode()) + day) % 3 == is_mariadb


#: Which tests a server has: those that ask it; all that are no copy; or those of every day that
#: ask it, and a third of all others, each day another one.
CHOICES = {"asking": _asks, "all": _is_no_copy, "today": _is_for_today}
