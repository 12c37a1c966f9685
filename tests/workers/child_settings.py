"""The settings of a worker in a process of its own, whose mails are lines of a file."""

import os

from django.core import mail

from testproject.test_settings import *  # noqa: F403
from testproject.test_settings import DATABASES

# The very database of the test that has started it.
DATABASES["default"]["NAME"] = os.environ["WORKER_DATABASE"]
LANGUAGE_CODE = os.environ.get("WORKER_LANGUAGE", "en-us")
USERACCOUNTS = {"ORIGIN": "http://testserver", "MAIL_DELIVERY": "command"}
_BACKEND = "tests.workers.backend.Lines"
if hasattr(mail, "mailers"):
    MAILERS = {"default": {"BACKEND": _BACKEND}}
else:
    EMAIL_BACKEND = _BACKEND
