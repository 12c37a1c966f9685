"""What the attacks share: browsers whose commits are real, and error reports that can be read."""

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core import mail
from django.core.signals import got_request_exception
from django.http import HttpRequest
from django.views.debug import ExceptionReporter

from django_useraccounts import requirements
from django_useraccounts.emails.flows.rows import as_they_were
from django_useraccounts.invitations.flows import invite
from django_useraccounts.models import UserEmail
from django_useraccounts.secrets import (
    CONFIRM_EMAIL,
    FETCH_EXPORT,
    PURPOSES,
    RESET_PASSWORD,
    UNDO_EMAIL_CHANGE,
    issue,
    link_of,
)
from django_useraccounts.sessions.models import DISOWN_LOGIN
from django_useraccounts.social.identities import Identity
from django_useraccounts.social.models import CONNECT_BY_LINK
from django_useraccounts.testing import make_user
from tests.attacks.browsers import VICTIM, Browser

IDENTITY = json.dumps(Identity("guild", "https://id.guild.example", "v-1").as_kept())


@pytest.fixture
def new_browser(
    db: None, django_capture_on_commit_callbacks: Callable[..., Any]
) -> Callable[..., Browser]:
    """Make browsers with cookies of their own; what they commit is committed, mails go out."""

    def make(**extra: Any) -> Browser:
        return Browser(django_capture_on_commit_callbacks, **extra)

    return make


@pytest.fixture
def browser(new_browser: Callable[..., Browser]) -> Browser:
    """A browser; whose, the test says."""
    return new_browser()


@pytest.fixture
def send_mail_by(settings: Any) -> Callable[[str], None]:
    """Have mail sent by the backend of a dotted path."""

    def change(path: str) -> None:
        if hasattr(mail, "mailers"):  # Django >= 6.1
            settings.MAILERS = {"default": {"BACKEND": path}}
        else:
            settings.EMAIL_BACKEND = path

    return change


@pytest.fixture
def error_reports() -> Iterator[list[str]]:
    """Collect what Django would mail to the admins about each exception of a request."""
    reports: list[str] = []

    def report(request: HttpRequest | None = None, **kwargs: object) -> None:
        exception = sys.exc_info()
        reporter = ExceptionReporter(request, *exception, is_email=True)
        reports.append(reporter.get_traceback_html() + reporter.get_traceback_text())

    got_request_exception.connect(report)
    yield reports
    got_request_exception.disconnect(report)


@pytest.fixture
def _guards_of_this_test() -> Iterator[None]:
    """Forget the role names that the guards of a test ask for; a system check looks for them."""
    before = {name: set(places) for name, places in requirements.guarded_names.items()}
    yield
    requirements.guarded_names.clear()
    requirements.guarded_names.update(before)


@pytest.fixture
def links(browser: Browser) -> dict[str, str]:
    """One good link for each purpose, all of one user, who is logged in, and none opened yet."""
    user = make_user("victoria", VICTIM, is_superuser=True)
    proved, claim = user.emails.get(), UserEmail.objects.add_claim(user, "second@example.com")
    proved.user = user
    browser.log_in("victoria")
    secrets = {
        "confirm_email": issue(CONFIRM_EMAIL, address=claim),
        "reset_password": issue(RESET_PASSWORD, address=proved),
        "fetch_export": issue(FETCH_EXPORT, address=None, user=user),
        "accept_invitation": invite("frida@example.com", by=user).link,
        "connect_by_link": issue(CONNECT_BY_LINK, address=proved, pending=IDENTITY),
        **{
            purpose.name: issue(purpose, address=proved, pending=as_they_were([proved]))
            for purpose in (UNDO_EMAIL_CHANGE, DISOWN_LOGIN)
        },
    }
    assert secrets.keys() == PURPOSES.keys()
    return {name: str(link_of(secret)) for name, secret in secrets.items()}
