"""What the project knows of a person is in a table of its own."""

from tests.projects.base import *  # noqa: F403
from tests.projects.has import Has

INSTALLED_APPS = [*INSTALLED_APPS, "tests.projects.readers"]  # noqa: F405
ROOT_URLCONF = "tests.projects.readers.urls"
HAS = Has(asks={"town": "Coyoacán", "card_number": "card of {username}"})
