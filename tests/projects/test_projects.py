"""
Every kind of site is a project of its own here, and each is walked from the register page on.

User models and settings that migrations depend on are read once in a process: so each project gets a
process, and a database that is migrated from nothing.
"""

import pytest

from tests.children import assert_passes
from tests.readme import ROOT

# Not for this process: so that the projects are walked on the other databases as well.
pytestmark = pytest.mark.django_db

WALK = "tests/projects/walk"


def _sites():
    for path in sorted((ROOT / "tests/projects/sites").glob("[!_]*.py")):
        # Another user model is other tables; other settings alone ask them in another order.
        has_tables_of_its_own = "AUTH_USER_MODEL" in path.read_text()
        marks = [] if has_tables_of_its_own else [pytest.mark.one_database]
        yield pytest.param(path.stem, id=path.stem, marks=marks)


@pytest.mark.parametrize("site", [*_sites()])
def test_the_project_is_walked_from_the_register_page_to_every_door(
    site: str, pytestconfig: pytest.Config
) -> None:
    # They are not called test_*, so that the suite does not collect them for its own settings.
    names = ("walk.py", "walk_names.py", "walk_model.py", "walk_leaving.py")
    files = [f"{WALK}/{name}" for name in names]
    own = f"{WALK}/walk_{site}.py"
    files += [own] if (ROOT / own).exists() else []
    settings = f"tests.projects.sites.{site}"
    assert_passes(files, settings=settings, pytestconfig=pytestconfig)
