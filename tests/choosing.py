"""Which tests a database has in a run."""

import os
from datetime import date
from zlib import crc32

import pytest
from django.conf import settings as site

#: Folders whose tests ask about pages, programs and people; what the database answers there, the
#: tests of the rooms ask of each database.
ONE_DATABASE = {"behaviours", "demo", "howto", "integrations", "smtp"}
#: Folders that hang on neither the database nor the Django, or start servers of their own.
ONCE = {"control", "databases", "machine"}
#: In how many days a server has had each test, where USERACCOUNTS_TESTS is ``today``; those of races
#: are slow, and tests/races deals its pairs itself.
DAYS = 8
DAYS_OF_FOLDER = {
    "races": 1,
    "scale": 2,
    "fleet": 3,
    "attacks": 5,
    "faults": 5,
    "howto": 5,
    "projects": 5,
}
RACES, DAYS_OF_RACES = "test_S_races", 6
#: Folders of whose tests SQLite, too, has then a share only: each has its turn in so many days.
TURNS = {"faults", "howto", "projects"}

_ENGINES = {"sqlite3": 0, "postgresql": 1, "mysql": 2}


def today() -> int:
    """Return a number that goes up by one each day, by which tests are dealt."""
    return date.today().toordinal()  # noqa: DTZ011 - any day will do


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
    return _is_no_copy(item) and _reaches_a_database(item)


def _reaches_a_database(item: pytest.Item) -> bool:
    # pytest-django lets no other test reach the database.
    fixtures = {"db", "transactional_db", "live_server"} & set(getattr(item, "fixturenames", ()))
    return bool(fixtures or item.get_closest_marker("django_db"))


def _is_for_today(item: pytest.Item, *, is_server: bool) -> bool:
    if is_server and not _is_no_copy(item):
        return False
    is_dealt = is_server or (_folder(item) in TURNS and _reaches_a_database(item))
    return not is_dealt or _is_turn(item)


def _is_turn(item: pytest.Item) -> bool:
    is_race = item.path.name.startswith(RACES)
    days = DAYS_OF_RACES if is_race else DAYS_OF_FOLDER.get(_folder(item), DAYS)
    engine = site.DATABASES["default"]["ENGINE"].rpartition(".")[2]
    return (crc32(item.nodeid.encode()) + today() - _ENGINES[engine]) % days == 0
