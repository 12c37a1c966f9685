"""Every test of the races has the site on its live server."""

from tests.races.live import races

__all__ = ["races"]
