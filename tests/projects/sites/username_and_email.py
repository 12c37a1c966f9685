"""People have a username and an address, and log in with either: the default."""

from tests.projects.base import *  # noqa: F403
from tests.projects.has import Has

HAS = Has()
