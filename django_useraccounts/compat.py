"""What differs between the supported versions of Django, told apart by feature, never by number."""

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from inspect import signature
from typing import Any

from django.conf import settings
from django.db.models.query import get_related_populators
from django.utils.module_loading import import_string

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
    # Also by a subclass of the project. Not by issubclass(): to import its base takes a library of
    # HTTP along, which other sites never need.
    backend = import_string(mail_backend())
    return any(base.__module__.startswith("anymail.") for base in getattr(backend, "__mro__", ()))


def smtp_options() -> Mapping[str, Any] | None:
    """Return by which options mail leaves by SMTP: host, timeout, use_tls, use_ssl; else None."""
    if mail_backend() != _SMTP:
        return None
    mailers = getattr(settings, "MAILERS", None)
    if mailers:
        options: Mapping[str, Any] = mailers.get("default", {}).get("OPTIONS", {})
        return options
    names = ("host", "timeout", "use_tls", "use_ssl")
    return {name: getattr(settings, f"EMAIL_{name.upper()}") for name in names}


def tasks() -> Any:
    """Return Django's framework of tasks, or its backport for Django 5.2; None if there is none."""
    for name in ("django.tasks", "django_tasks"):
        if find_spec(name):
            return import_module(name)
    return None


def related_populators(compiler: Any, using: str) -> list[Any]:
    """Return what fills the objects that ``select_related`` loads, from rows of a statement."""
    # Django 6.1 asks how what was not loaded is fetched later.
    takes_mode = "fetch_mode" in signature(get_related_populators).parameters
    mode = [import_string("django.db.models.FETCH_ONE")] if takes_mode else []
    return get_related_populators(compiler.klass_info, compiler.select, using, *mode)
