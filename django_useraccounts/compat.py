"""What differs between the supported versions of Django, told apart by feature, never by number."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.conf import settings

_SMTP = "django.core.mail.backends.smtp.EmailBackend"


def mail_backend() -> str:
    """Return the dotted path of the backend that mail leaves by."""
    # Django 6.1 describes mailers in MAILERS; before that, and until MAILERS is set, EMAIL_* rule.
    mailers = getattr(settings, "MAILERS", None)
    if mailers:
        return str(mailers.get("default", {}).get("BACKEND", _SMTP))
    return settings.EMAIL_BACKEND


def sends_by_anymail() -> bool:
    """Say whether mail leaves by a provider's API, through django-anymail."""
    return mail_backend().startswith("anymail.")


def smtp_without_timeout() -> bool:
    """Say whether mail goes out by SMTP with no time limit, so that a silent server holds it."""
    mailers = getattr(settings, "MAILERS", None)
    if mailers:
        seconds = mailers.get("default", {}).get("OPTIONS", {}).get("timeout")
    else:
        seconds = settings.EMAIL_TIMEOUT
    return mail_backend() == _SMTP and not seconds


def tasks() -> Any:
    """Return Django's framework of tasks, or its backport for Django 5.2; None if there is none."""
    for name in ("django.tasks", "django_tasks"):
        if find_spec(name):
            return import_module(name)
    return None
