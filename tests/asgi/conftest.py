"""A site behind each of the ASGI servers, begun once for all tests of a worker."""

from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from tests.asgi.site import SERVERS, Browser, Site, running
from tests.conftest import missing


def lacks_servers() -> None:
    """Skip a test where the servers are not installed."""
    for server in SERVERS:
        if not find_spec(server):
            missing("asgi", f"the Python package {server} is not installed")


def _site(server: str, folders: pytest.TempPathFactory) -> Iterator[Site]:
    lacks_servers()
    with running(server, folders.mktemp(server)) as site:
        yield site


@pytest.fixture(scope="session")
def uvicorn(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    yield from _site("uvicorn", tmp_path_factory)


@pytest.fixture(scope="session")
def daphne(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    yield from _site("daphne", tmp_path_factory)


@pytest.fixture(params=sorted(SERVERS))
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """A site behind either server, that has nothing to complain about during the test."""
    site: Site = request.getfixturevalue(request.param)
    site.empty_mailbox()
    before = len(site.log())
    yield site
    assert site.log()[before:] == ""


@pytest.fixture
def browser(site: Site) -> Iterator[Browser]:
    browser = Browser(site)
    yield browser
    browser.session.close()
