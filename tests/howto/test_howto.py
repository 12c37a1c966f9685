"""Each page of docs/howto is done to the project of the tutorial, and ends with a test that passes."""

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.following import Project, found_in
from tests.readme import languages_of, page_blocks
from tests.servers import lacks, redis

# Not for this process: so that a day has a share of the pages.
pytestmark = pytest.mark.django_db

PAGES = (
    "celery",
    "change_rule",
    "custom_user",
    "email_only",
    "mail_provider",
    "policy",
    "redis",
    "replace_form",
    "replace_mail",
    "replace_page",
    "rest_framework",
    "room",
    "several_sites",
    "username_only",
)
#: Where the page has a Redis.
REDIS = "redis://127.0.0.1:6379"


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the project of the tutorial, but for its test."""
    project = Project(tmp_path_factory.mktemp("tutorial"))
    project.run("-m", "django", "startproject", "mysite", ".")
    project.run("-m", "django", "startapp", "guild")
    for block in page_blocks("docs/tutorial.rst", "python", "html+django", "css"):
        if not block.startswith("# guild/tests.py"):
            project.write(block)
    return project.folder


@pytest.fixture
def project(start: Path, tmp_path: Path) -> Project:
    shutil.copytree(start, tmp_path, dirs_exist_ok=True)
    return Project(tmp_path)


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    """Yield the URL of a Redis for the page that wants one, else what is replaced by it."""
    if request.getfixturevalue("page") != "redis":
        yield REDIS
        return
    lack = lacks("redis")
    if lack:
        missing("redis", lack)
    with redis() as started:
        yield started.url


@pytest.mark.parametrize("page", PAGES)
def test_the_page_is_done_as_it_says(page: str, project: Project, server: str) -> None:
    said = ""
    for block, language in languages_of(f"docs/howto/{page}.rst"):
        if language == "shell":
            said = "".join(_run(project, line) for line in block.splitlines())
        elif language == "text":
            assert found_in(said, block), said
        else:
            project.write(block.replace(REDIS, server))

    assert re.search(r"Ran [1-9]\d* tests? in", said), said


def _run(project: Project, line: str) -> str:
    # What is to be installed is here, and what stays is run by hand.
    is_here = re.match(r"pip install |celery .*worker", line)
    return "" if is_here else project.command(shlex.split(line))
