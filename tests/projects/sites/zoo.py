"""The user is of an app whose label sorts after ours."""

from tests.projects.base import *  # noqa: F403
from tests.projects.has import Has

INSTALLED_APPS = [*INSTALLED_APPS, "testproject.zoo"]  # noqa: F405
AUTH_USER_MODEL = "zoo.Keeper"
HAS = Has()
