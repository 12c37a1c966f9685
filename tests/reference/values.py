"""Settings, signals and errors."""

import inspect
from collections.abc import Iterator
from dataclasses import Field, fields
from datetime import timedelta
from importlib import import_module
from types import ModuleType
from typing import Any, get_type_hints

from django.dispatch import Signal

from django_useraccounts.conf import Conf, _in_words
from django_useraccounts.errors import AccountError
from django_useraccounts.room import rooms
from tests.reference.writing import code, comments, first_sentence, heading, paragraph, table

PACKAGE = "django_useraccounts"
#: Where more is told about a setting.
MORE = {
    "POLICY": "`Policy <policy.rst>`__",
    "MAIL_DELIVERY": "`Mail <../mail.rst>`__",
    "LIMITS": "`Limits <../limits.rst>`__",
    "ROLES": "`Roles <../roles.rst>`__",
    "TERMS_VERSION": "`Terms of service <../terms.rst>`__",
    "CLOSED_ACCOUNT_KEPT": "`Leaving <../leaving.rst>`__",
    "USERNAME": "`Who people are <../identities.rst>`__",
    "PROVIDERS": "`Providers <../providers.rst>`__",
    "CONNECT_BY_EMAIL": "`Log in with others <../social.rst>`__",
}


def settings() -> str:
    """Return each setting of the core: what it is, its default, what it says."""
    return _settings_of(Conf, underline="~")


def settings_of_rooms() -> str:
    """Return the settings of each room, a dictionary of their own."""
    parts = []
    for room in rooms():
        if room.conf and room.conf.room:
            where = f'``USERACCOUNTS["{room.conf.room}"]``, of ``{room.name}``'
            parts += [heading(where, "-"), _settings_of(room.conf.kind, underline="~")]
    return "\n".join(parts)


def _settings_of(kind: type[Any], *, underline: str) -> str:
    return "\n".join(_setting(kind, field, underline) for field in fields(kind))


def _setting(kind: type[Any], field: Field[Any], underline: str) -> str:
    kinds = _in_words(get_type_hints(kind)[field.name])
    default = getattr(kind(), field.name)
    what = f"*{kinds[0].upper()}{kinds[1:]}.* Default: {_default(default)}."
    text = comments(kind)[field.name]
    if field.name in MORE:
        text += f" See {MORE[field.name]}."
    return (
        "\n\n".join([heading(f"``{field.name}``", underline).strip(), what, paragraph(text)]) + "\n"
    )


def _default(value: object) -> str:
    if isinstance(value, timedelta):
        minutes = int(value.total_seconds()) // 60
        return f"{value.days} days" if value.days else f"{minutes} minutes"
    return f"``{value!r}``".replace("'", '"')


def modules(name: str) -> Iterator[ModuleType]:
    """Yield the module of that name of the core, and those of the rooms."""
    yield import_module(f"{PACKAGE}.{name}")
    for room in rooms():
        try:
            module = import_module(f"{room.name}.{name}")
        except ModuleNotFoundError:
            continue
        if room.name.startswith(f"{PACKAGE}."):
            yield module


def signals() -> str:
    """Return the signals of each module that has some."""
    parts = []
    for module in modules("signals"):
        told = comments(module)
        names = [name for name, value in vars(module).items() if isinstance(value, Signal)]
        parts += [
            heading(f"``{module.__name__}``", "-"),
            table(("Signal", "When it is sent"), (30, 70), [(code(n), told[n]) for n in names]),
        ]
    return "\n".join(parts)


def errors() -> str:
    """Return the errors of each module that has some, and what they say to people."""
    parts = []
    for module in modules("errors"):
        found = [
            value
            for value in vars(module).values()
            if inspect.isclass(value)
            and issubclass(value, AccountError)
            and value.__module__ == module.__name__
        ]
        rows = [(code(error.__name__), *_error(error)) for error in found]
        head = ("Error", "What people read", "Field", "Status")
        parts += [heading(f"``{module.__name__}``", "-"), table(head, (22, 56, 12, 10), rows)]
    return "\n".join(parts)


def _error(error: type[AccountError]) -> tuple[str, str, str]:
    own = error.__dict__.get("__doc__") or ""
    says = str(error.sentence) or first_sentence(error) if own else str(error.sentence)
    return says or "–", code(*filter(None, [error.field])), str(error.status)
