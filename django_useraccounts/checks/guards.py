"""The roles that guards ask for: declared in the settings, or stored."""

from collections.abc import Collection, Iterator
from difflib import get_close_matches

from django.core import checks
from django.core.checks import CheckMessage
from django.db import connections
from django.urls import get_resolver

from ..conf import conf
from ..models import Role
from ..requirements import guarded_names


def undeclared_roles() -> Iterator[CheckMessage]:
    """Yield what guards ask for and a site that declares its roles does not declare."""
    if not conf.ROLES:
        return
    for name in sorted(_asked_for().difference(conf.ROLES)):
        yield checks.Warning(
            f'A guard asks for the role "{name}", which USERACCOUNTS["ROLES"] does not declare. '
            f"{_places_of(name)}",
            hint=_meant(name, conf.ROLES) or f'Write "ROLES": {{"{name}": "{name.title()}"}}.',
            id="useraccounts.W012",
        )


def missing_roles(alias: str) -> Iterator[CheckMessage]:
    """Yield what guards ask for and no stored role is called."""
    asked, connection = _asked_for(), connections[alias]
    if not asked or Role._meta.db_table not in connection.introspection.table_names():
        return
    stored = list(Role.objects.using(alias).values_list("name", flat=True))
    for name in sorted(asked.difference(stored)):
        declared = "manage.py useraccounts_sync_roles makes it." if name in conf.ROLES else ""
        yield checks.Warning(
            f'A guard asks for the role "{name}", which does not exist: nobody can pass. '
            f"{_places_of(name)}",
            hint=declared
            or _meant(name, stored)
            or f'Role.objects.create(name="{name}") makes it.',
            id="useraccounts.W006",
        )


def _asked_for() -> set[str]:
    # Guards are known once the modules are imported that hold them.
    _patterns = get_resolver().url_patterns
    return set(guarded_names)


def _places_of(name: str) -> str:
    """Return the sentence that says where the guards stand."""
    return f"Look at {', '.join(sorted(guarded_names[name]))}."


def _meant(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f'Did you mean "{close[0]}"?' if close else ""
