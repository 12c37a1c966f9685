"""The guild as ``manage.py demo`` shows it, on the database and in the process of the tests."""

from pathlib import Path

import pytest
from pytest_django import Settings

from django_useraccounts.roles.flows import sync_roles
from testproject import guild
from testproject import settings as demo
from testproject.guild.people import PEOPLE, admit, seed


@pytest.fixture
def site(settings: Settings, tmp_path: Path) -> Settings:
    """Set what the demo sets, with its mail in a folder of the test."""
    templates = str(Path(guild.__file__).parent / "templates")
    settings.DEBUG = True
    settings.ROOT_URLCONF = demo.ROOT_URLCONF
    settings.LANGUAGES = demo.LANGUAGES
    settings.INTERNAL_IPS = demo.INTERNAL_IPS
    settings.TEMPLATES = [{**demo.TEMPLATES[0], "DIRS": [templates]}]
    settings.LOGIN_REDIRECT_URL = demo.LOGIN_REDIRECT_URL
    settings.LOGOUT_REDIRECT_URL = demo.LOGOUT_REDIRECT_URL
    settings.USERACCOUNTS = {**demo.USERACCOUNTS, "MAIL_DELIVERY": "immediate"}
    settings.VAR = tmp_path
    settings.MAILBOX = tmp_path / "mailbox"
    if hasattr(demo, "MAILERS"):
        mailer = demo.MAILERS["default"]
        settings.MAILERS = {"default": {**mailer, "OPTIONS": {"file_path": settings.MAILBOX}}}
    else:
        settings.EMAIL_BACKEND = demo.EMAIL_BACKEND
        settings.EMAIL_FILE_PATH = settings.MAILBOX
    return settings


@pytest.fixture
def people(site: Settings, db: None) -> None:
    """Let everybody in who is there on the first day."""
    seed()


@pytest.fixture
def whole_site(site: Settings) -> Settings:
    """Set the middleware of the demo, too: the rooms and the headers that hang on it."""
    site.MIDDLEWARE = demo.MIDDLEWARE
    site.SECURE_CSP = demo.SECURE_CSP
    return site


@pytest.fixture
def a_few(site: Settings, db: None) -> None:
    """Let in only those whom most tests are about, which takes less time."""
    sync_roles()
    for person in PEOPLE:
        if person.username in {"frida", "heinz"}:
            admit(person)
