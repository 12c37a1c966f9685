"""What a page says when it cannot do what it is for: links, rights, tokens, outages."""

from datetime import timedelta
from unittest import mock

from django.db import OperationalError
from django.utils import timezone

from django_useraccounts.models import OneTimeSecret
from django_useraccounts.testing import PASSWORD
from tests.gallery.entries import emails, leaving, passwords
from tests.gallery.stage import Stage, entry
from tests.memberships.conftest import at

#: Nobody's link: of the right length, and of no row.
NO_LINK = "A" * 22


def too_late(stage: Stage, *, days: int = 8) -> None:
    """Open the page of a link again when its time is over."""
    with at(timezone.now() + timedelta(days=days)):
        stage.get(stage.here)


def used_up(stage: Stage) -> None:
    """Open the page of a link again when it has done its work."""
    OneTimeSecret.objects.update(redeemed_at=timezone.now())
    stage.get(stage.here)


@entry()
def link_invalid(stage: Stage) -> None:
    stage.get("confirm_email", NO_LINK)


@entry()
def link_expired(stage: Stage) -> None:
    emails.confirm_email(stage)
    too_late(stage)


@entry()
def link_used(stage: Stage) -> None:
    emails.confirm_email(stage)
    used_up(stage)


@entry()
def reset_link_used(stage: Stage) -> None:
    passwords.reset_password(stage)
    used_up(stage)


@entry()
def reset_link_expired(stage: Stage) -> None:
    passwords.reset_password(stage)
    too_late(stage)


@entry()
def undo_link_expired(stage: Stage) -> None:
    emails.undo_email_change(stage)
    too_late(stage)


@entry()
def undo_link_expired_at_home(stage: Stage) -> None:
    emails.undo_email_change_of_one(stage)
    too_late(stage)


@entry()
def export_link_used(stage: Stage) -> None:
    leaving.fetch_export(stage)
    used_up(stage)


@entry()
def forbidden(stage: Stage) -> None:
    stage.log_in()
    stage.get("/garret/")


@entry()
def forbidden_to_staff(stage: Stage) -> None:
    stage.log_in(stage.user(is_staff=True))
    stage.get("/garret/")


@entry()
def once_more(stage: Stage) -> None:
    stage.client.handler.enforce_csrf_checks = True
    stage.post("login", identifier="frida", password=PASSWORD)


@entry()
def unavailable(stage: Stage) -> None:
    with (
        mock.patch("django_useraccounts.login.views.log_in", side_effect=OperationalError),
        mock.patch("django_useraccounts.views.logger"),
    ):
        stage.post("login", identifier="frida", password=PASSWORD)
