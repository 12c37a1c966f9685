"""A requirement of roles as a value: what guards, querysets and templates all ask."""

import re
from collections.abc import Collection
from typing import Self

from django.apps import apps
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

#: What the guards of the project take: a role, or several of which one is enough.
Need = str | list[str] | tuple[str, ...]

#: The form of every role name: one case and one alphabet, so that no two look alike.
ROLE_NAME = re.compile(r"[a-z0-9][a-z0-9._:-]{0,63}")

#: Every role name that a guard of this process asks for; a system check looks for them.
guarded_names: set[str] = set()


class Requirement:
    """
    All of the needs; a need that is a list is met by any one of its roles::

        Requirement("starving", ["artist", "programmer"])   # starving AND (artist OR programmer)

    What cannot be meant raises at once, so that a guard fails when its module is imported and
    never lets everybody in: TypeError for a wrong type, ValueError for nothing and for a name that
    no role can have.
    """

    __slots__ = ("needs",)

    def __init__(self, *needs: Need) -> None:
        if not needs:
            raise ValueError("Name at least one role.")
        self.needs: tuple[frozenset[str], ...] = tuple(frozenset(_names(need)) for need in needs)

    @classmethod
    def any_of(cls, *names: str) -> Self:
        """Return the requirement of at least one of ``names``."""
        if not names:
            raise ValueError("Name at least one role.")
        return cls(list(names))

    def matches(self, names: Collection[str]) -> bool:
        """Say whether somebody with the roles ``names`` meets every need."""
        return not any(need.isdisjoint(names) for need in self.needs)

    def to_q(self) -> Q:
        """Return the same question for a queryset of users: roles in force now, by index."""
        grants = apps.get_model("useraccounts", "RoleGrant").objects.in_force()
        q = Q(is_active=True, erase_at=None)
        for need in self.needs:
            q &= Q(Exists(grants.filter(user=OuterRef("pk"), role__name__in=sorted(need))))
        return q

    def __and__(self, other: "Requirement") -> "Requirement":
        """Return the requirement of both."""
        return Requirement(*map(_argument, (*self.needs, *other.needs)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Requirement) and set(self.needs) == set(other.needs)

    def __hash__(self) -> int:
        return hash(frozenset(self.needs))

    def __repr__(self) -> str:
        return f"Requirement({', '.join(repr(_argument(need)) for need in self.needs)})"

    def __str__(self) -> str:
        """Return the requirement in words: starving and (artist or programmer)."""
        return f" {_('and')} ".join(self._in_words(need) for need in self.needs)

    def _in_words(self, need: frozenset[str]) -> str:
        words = f" {_('or')} ".join(sorted(need))
        return f"({words})" if len(need) > 1 and len(self.needs) > 1 else words


def _names(need: Need) -> Collection[str]:
    names = [need] if isinstance(need, str) else need
    # A string is a sequence, too: a need must never be read letter by letter.
    if not isinstance(names, list | tuple):
        raise TypeError(f"A need is a role name or a list of role names, not {need!r}.")
    if not names:
        raise ValueError("A list of roles, of which one is enough, has at least one.")
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"A role name is a string, not {name!r}.")
        if not ROLE_NAME.fullmatch(name):
            raise ValueError(f"No role can be called {name!r}: use a to z, digits and . _ : -")
    return names


def _argument(need: frozenset[str]) -> str | list[str]:
    return next(iter(need)) if len(need) == 1 else sorted(need)
