"""Mails of sample data, for a look at their templates: nothing is written, and no link works."""

from collections.abc import Iterator
from pathlib import Path

from django.contrib.auth import get_user_model
from django.core.mail import EmailMultiAlternatives
from django.http import HttpRequest
from django.template import engines
from django.template.utils import get_app_template_dirs
from django.urls import get_script_prefix
from django.utils import timezone

from .conf import conf
from .message import compose
from .models import AbstractUser, OneTimeSecret, OutgoingMail
from .room import rooms
from .secrets import FETCH_EXPORT, PURPOSES, RESET_PASSWORD, UNDO_EMAIL_CHANGE, Purpose
from .site import site_name, site_origin

#: What the link of a mail is for, where the mail is not called like the page of its link.
_PURPOSES = {
    "account_opened": RESET_PASSWORD,
    "email_added": UNDO_EMAIL_CHANGE,
    "email_change_undone": RESET_PASSWORD,
    "email_removed": UNDO_EMAIL_CHANGE,
    "export_ready": FETCH_EXPORT,
    "primary_email_changed": UNDO_EMAIL_CHANGE,
}
#: What is mailed to who has no account, or has none any more.
_TO_NOBODY = {"no_account", "account_erased"}


def mail_kinds() -> list[str]:
    """Return the kinds of mail that have templates, those of the project and other apps, too."""
    subjects = "useraccounts/mails/*/subject.txt"
    return sorted({path.parent.name for folder in _folders() for path in folder.glob(subjects)})


def preview_mail(
    kind: str, *, language: str = "", request: HttpRequest | None = None
) -> EmailMultiAlternatives:
    """
    Return the message of a kind as Frida would get it, whom no table knows.

    Its link is made from a row that was never written, so that it opens nothing. ``language`` is
    what she reads, "" for that of the moment.
    """
    user = _frida(language)
    purpose, what = _of_rooms().get(kind, (kind, ""))
    secret = _secret(_PURPOSES.get(kind) or PURPOSES.get(purpose), user)
    is_to_user = PURPOSES[secret.purpose].is_to_its_user if secret else kind not in _TO_NOBODY
    origin = site_origin(request)
    mail = OutgoingMail(
        kind=kind,
        to=user.email,
        user=user if is_to_user else None,
        secret=secret,
        about="frida@studio.example",
        what=what,
        language=language,
        base_url=origin + get_script_prefix(),
        site_name=site_name(request, origin=origin),
    )
    return compose(mail)


def _folders() -> Iterator[Path]:
    # Those of the apps besides: an engine that names its loaders does not tell them.
    yield from map(Path, get_app_template_dirs("templates"))
    for engine in engines.all():
        yield from map(Path, engine.template_dirs)


def _frida(language: str) -> AbstractUser:
    user: AbstractUser = get_user_model()(first_name="Frida", language=language)
    # Set, not passed on: a model without usernames has no such argument.
    user.username, user.email = "frida", "frida@example.com"
    user.erase_at = timezone.now() + conf.CLOSED_ACCOUNT_KEPT
    return user


def _of_rooms() -> dict[str, tuple[str, str]]:
    return {kind: sample for room in rooms() for kind, sample in room.samples.items()}


def _secret(purpose: Purpose | None, user: AbstractUser) -> OneTimeSecret | None:
    if purpose is None:
        return None
    expires_at = timezone.now() + purpose.max_age()
    return OneTimeSecret(purpose=purpose.name, user=user, expires_at=expires_at)
