"""The settings of a site in a process of its own, with connections that outlast a request."""

import os

from testproject.test_settings import *  # noqa: F403
from testproject.test_settings import DATABASES, INSTALLED_APPS

ALLOWED_HOSTS = ["127.0.0.1"]
# As in the demo, the account pages wear the look of the site, which names the user on top.
INSTALLED_APPS = sorted(INSTALLED_APPS, key=lambda name: name != "testproject.guild")
DATABASES["default"] |= {"CONN_MAX_AGE": None}
if os.environ.get("STANDBY_PORT"):
    # Both of a pair: a connection goes to the one that takes what is written.
    DATABASES["default"] |= {
        "HOST": "127.0.0.1,127.0.0.1",
        "PORT": f"{DATABASES['default']['PORT']},{os.environ['STANDBY_PORT']}",
        "OPTIONS": {"target_session_attrs": "read-write", "connect_timeout": 5},
        "CONN_HEALTH_CHECKS": True,
    }
USERACCOUNTS = {
    "ORIGIN": os.environ["ORIGIN"],
    "MAIL_DELIVERY": "command",
    # Few people open many accounts here, from one address.
    "LIMITS": {"register": {"client": "1000/1h"}},
}
