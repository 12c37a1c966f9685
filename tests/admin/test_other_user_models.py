"""The administration of projects with other user models; each is a process, as in tests/projects."""

import pytest

from tests.children import assert_passes

# Not for this process: so that they are tested on the other databases as well.
pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.mark.parametrize("site", ["badges", "email_user", "zoo"])
def test_the_administration_serves_every_user_model(site, pytestconfig):
    files, settings = ["tests/admin/sites/walk.py"], f"tests.admin.sites.{site}"
    assert_passes(files, settings=settings, pytestconfig=pytestconfig)
