"""A project's own user model, with a column that people do not edit themselves."""

from tests.admin.sites.base import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "testproject.zoo"]  # noqa: F405
AUTH_USER_MODEL = "zoo.Keeper"
EXTRA = {"favourite_animal": "okapi"}
