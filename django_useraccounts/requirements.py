"""A requirement of roles as a value: what guards, querysets and templates all ask."""

import re
import sys
from collections.abc import Collection, Iterable
from functools import reduce
from typing import Self

from django.apps import apps
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

#: The form of every role name: one case and one alphabet, so that no two look alike.
ROLE_NAME = re.compile(r"[a-z0-9][a-z0-9._:-]{0,63}")

#: Every role name that a guard of this process asks for, and where; a system check looks for them.
guarded_names: dict[str, set[str]] = {}


class Requirement:
    """
    All of the needs; a need that is a list is met by any one of its roles::

        Requirement("starving", ["artist", "programmer"])   # starving AND (artist OR programmer)

    Requirements combine by ``&`` and ``|``, and one can stand where a need does:
    ``roles_required(STAFF | PAYING)``. Those that let in the same people are equal, however they
    are written.

    What cannot be meant raises at once, so that a guard fails when its module is imported and
    never lets everybody in: TypeError for a wrong type, ValueError for nothing and for a name that
    no role can have.
    """

    __slots__ = ("needs",)

    def __init__(self, *needs: "Need") -> None:
        if not needs:
            raise ValueError("Name at least one role.")
        self.needs = _fewest(clause for need in needs for clause in _clauses(need))

    @classmethod
    def any_of(cls, *names: str) -> Self:
        """Return the requirement of at least one of ``names``."""
        if not names:
            raise ValueError("Name at least one role.")
        return cls(list(names))

    def matches(self, names: Collection[str]) -> bool:
        """Say whether somebody with the roles ``names`` meets every need."""
        if isinstance(names, str):
            raise TypeError(f"Roles are a collection of names, not {names!r}.")
        return not any(need.isdisjoint(names) for need in self.needs)

    def to_q(self) -> Q:
        """Return the same question for a queryset of users: roles in force now, by index."""
        grants = apps.get_model("useraccounts", "RoleGrant").objects.in_force()
        q = Q(is_active=True, erase_at=None)
        for need in self.needs:
            q &= Q(Exists(grants.filter(user=OuterRef("pk"), role__name__in=sorted(need))))
        return q

    def noted_for_check(self, place: str = "") -> Self:
        """Have the system check look for the roles; ``place`` is by default where we are called."""
        place = place or _calling_line()
        for need in self.needs:
            for name in need:
                guarded_names.setdefault(name, set()).add(place)
        return self

    def __and__(self, other: "Requirement") -> "Requirement":
        """Return the requirement of both."""
        if not isinstance(other, Requirement):
            return NotImplemented
        return Requirement(self, other)

    def __or__(self, other: "Requirement") -> "Requirement":
        """
        Return the requirement of either.

        It has a need for each pair of needs: a few for what people write, and twice as many with
        every ``a & b`` that is added by ``|``.
        """
        if not isinstance(other, Requirement):
            return NotImplemented
        return Requirement(*(list(one | two) for one in self.needs for two in other.needs))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Requirement) and set(self.needs) == set(other.needs)

    def __hash__(self) -> int:
        return hash(frozenset(self.needs))

    def __repr__(self) -> str:
        return f"Requirement({', '.join(repr(_argument(need)) for need in self.needs)})"

    def __str__(self) -> str:
        """Return the requirement in words: starving and (artist or programmer)."""
        return reduce(_both, map(self._in_words, self.needs))

    def _in_words(self, need: frozenset[str]) -> str:
        words = reduce(_either, sorted(need))
        return f"({words})" if len(need) > 1 and len(self.needs) > 1 else words


def _both(this: str, that: str) -> str:
    # Translators: names of roles, as in "starving and (artist or programmer)".
    return _("%(this)s and %(that)s") % {"this": this, "that": that}


def _either(this: str, that: str) -> str:
    # Translators: names of roles, as in "starving and (artist or programmer)".
    return _("%(this)s or %(that)s") % {"this": this, "that": that}


#: What the guards of the project take: a role, several of which one is enough, or a requirement.
Need = str | list[str] | tuple[str, ...] | Requirement


def _clauses(need: Need) -> Collection[frozenset[str]]:
    return need.needs if isinstance(need, Requirement) else [frozenset(_names(need))]


def _fewest(needs: Iterable[frozenset[str]]) -> tuple[frozenset[str], ...]:
    """
    Leave out what another need implies: "a" whoever is "a or b" besides.

    Without negation, what is left is the same however a requirement was written, but for the order.
    """
    unique = dict.fromkeys(needs)
    return tuple(need for need in unique if not any(other < need for other in unique))


def _names(need: str | list[str] | tuple[str, ...]) -> Collection[str]:
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


def _calling_line() -> str:
    """Return the module and line outside this package that is running: where a guard is written."""
    frame = sys._getframe()
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(f"{__package__}."):
        frame = frame.f_back
    return f"{frame.f_globals.get('__name__', '?')}:{frame.f_lineno}"
