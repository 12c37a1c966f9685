"""The settings of a site in a process of its own: it delivers beside the request, by SMTP."""

import os

from testproject.test_settings import *  # noqa: F403
from tests.smtp.server import smtp_settings

USERACCOUNTS = {"ORIGIN": "http://testserver", "MAIL_DELIVERY": "thread"}
globals().update(smtp_settings(int(os.environ["MAIL_PORT"])))
