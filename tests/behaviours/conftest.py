"""The behaviours are walked by the browsers of the attacks."""

from tests.attacks.conftest import browser, new_browser

__all__ = ["browser", "new_browser"]
