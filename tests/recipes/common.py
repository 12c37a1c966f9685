"""What the recipes share: the settings of the tests, with all rooms, and two pages of the site."""

from testproject.test_settings import *  # noqa: F403

ROOT_URLCONF = "pages"
#: The site itself comes first, so that its templates are found before those of the accounts.
ROOMS = [app for app in INSTALLED_APPS if app != "testproject.guild"]  # noqa: F405
