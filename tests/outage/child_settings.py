"""The settings of a site in a process of its own, with connections that outlast a request."""

import os

from testproject.test_settings import *  # noqa: F403
from testproject.test_settings import DATABASES, INSTALLED_APPS

ALLOWED_HOSTS = ["127.0.0.1"]
# As in the demo, the account pages wear the look of the site, which names the user on top.
INSTALLED_APPS = sorted(INSTALLED_APPS, key=lambda name: name != "testproject.guild")
DATABASES["default"] |= {"CONN_MAX_AGE": None}
USERACCOUNTS = {"ORIGIN": os.environ["ORIGIN"], "MAIL_DELIVERY": "command"}
