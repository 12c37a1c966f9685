"""Which tests a database has in a run."""

import os
from datetime import date
from zlib import crc32

import pytest
from django.conf import settings as site

#: Folders whose tests ask about pages, programs and people; what the database answers there, the
#: tests of the rooms ask of each database.
ONE_DATABASE = {"behaviours", "demo", "integrations", "smtp"}
#: Folders that hang on neither the database nor the Django.
ONCE = {"control", "machine"}
#: Folders that deal their own work.
EVERY_DAY = {"races"}
#: In how many days each test has had each server, where USERACCOUNTS_TESTS is ``today``.
DAYS, DAYS_OF_FOLDER = 6, {"attacks": 3, "faults": 3}
#: Folders of whose tests SQLite, too, has then a share only: each has one of the three each day.
TURNS = {"faults"}

_ENGINES = {"sqlite3": 0, "postgresql": 1, "mysql": 2}


def choose(items: list[pytest.Item]) -> list[pytest.Item]:
    """
    Return the tests that the database of this run has.

    SQLite has all; a server those that ask it, by USERACCOUNTS_TESTS=all every one that is no copy
    of what is asked elsewhere, and by USERACCOUNTS_TESTS=today a share of these, each day others.
    """
    chosen = os.environ.get("USERACCOUNTS_TESTS", "")
    is_server = "USERACCOUNTS_TEST_DATABASE" in os.environ
    if chosen == "today":
        return [item for item in items if _is_for_today(item, is_server=is_server)]
    if not is_server:
        return items
    return list(filter(_is_no_copy if chosen == "all" else _asks, items))


def _folder(item: pytest.Item) -> str:
    return item.path.parent.name


def _is_no_copy(item: pytest.Item) -> bool:
    # Who passes a guard hangs on roles and addresses, and the tests of those read them from each
    # database; what is a hundred times the same question in another spelling needs one.
    return not item.get_closest_marker("one_database") and _folder(item) not in ONE_DATABASE | ONCE


def _asks(item: pytest.Item) -> bool:
    # pytest-django lets no other test reach the database.
    fixtures = {"db", "transactional_db", "live_server"} & set(getattr(item, "fixturenames", ()))
    return _is_no_copy(item) and bool(fixtures or item.get_closest_marker("django_db"))


def _is_for_today(item: pytest.Item, *, is_server: bool) -> bool:
    if not _is_no_copy(item):
        return not is_server
    folder = _folder(item)
    is_whole = folder in EVERY_DAY if is_server else folder not in TURNS or not _asks(item)
    return is_whole or _is_turn(item)


def _is_turn(item: pytest.Item) -> bool:
    engine = site.DATABASES["default"]["ENGINE"].rpartition(".")[2]
    day = date.today().toordinal()  # noqa: DTZ011 - any day will do
    days = DAYS_OF_FOLDER.get(_folder(item), DAYS)
    return (crc32(item.nodeid.encode()) + day) % days == _ENGINES[engine]
