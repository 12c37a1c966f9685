"""The project of this process, and somebody who visits it."""

import pytest
from django.conf import settings as site
from django.core import mail

from tests.projects.has import Has

from .visitor import Visitor


@pytest.fixture
def has() -> Has:
    return site.HAS


@pytest.fixture(autouse=True)
def _no_mail_server(settings, has):
    # The test runner puts a mailbox in place of whatever a project has; here nothing may be sent.
    if not has.email:
        backend = "tests.projects.no_mail.EmailBackend"
        name, value = (
            ("MAILERS", {"default": {"BACKEND": backend}})
            if hasattr(mail, "mailers")
            else ("EMAIL_BACKEND", backend)
        )
        setattr(settings, name, value)


@pytest.fixture
def frida(has, django_capture_on_commit_callbacks):
    return Visitor(has, committing=django_capture_on_commit_callbacks)


@pytest.fixture
def somebody_else(has, django_capture_on_commit_callbacks):
    return Visitor(has, committing=django_capture_on_commit_callbacks)
