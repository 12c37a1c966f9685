"""Which roles there are: made from what the settings declare, and given another name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from ...conf import conf
from ...errors import InvalidRole, MayNotGrant, UnknownRole
from ...models import AbstractUser, AccountEvent, Role
from ...models.roles import validate_role_name
from ...transactions import has_vanished, repeat_undone
from ..rights import may_grant

#: What a role may be declared with.
_KEYS = frozenset({"label", "description", "permissions"})


@dataclass(frozen=True)
class Declared:
    """A role as USERACCOUNTS["ROLES"] has it. None: that is left as it is stored."""

    name: str
    label: str
    description: str | None = None
    permissions: frozenset[str] | None = None

    @classmethod
    def read(cls, name: str, given: object) -> "Declared":
        """Return the role of one entry; ValueError says what cannot be meant."""
        facts = {"label": given} if isinstance(given, str) else given
        if not isinstance(facts, Mapping) or not facts.keys() <= _KEYS:
            raise ValueError(f"is {given!r}")
        label, description = facts.get("label", ""), facts.get("description")
        permissions = facts.get("permissions")
        if not isinstance(label, str) or not isinstance(description, str | None):
            raise ValueError(f"has {label!r} and {description!r}")
        if permissions is not None and not _are_permissions(permissions):
            raise ValueError(f"has the permissions {permissions!r}")
        return cls(
            name, label, description, None if permissions is None else frozenset(permissions)
        )


def declared_roles() -> Iterator[Declared]:
    """Yield the roles that the settings declare; ValueError for one that cannot be meant."""
    for name, given in conf.ROLES.items():
        yield Declared.read(name, given)


@dataclass(frozen=True)
class Sync:
    """What ``sync_roles`` did, as names of roles."""

    made: list[str]
    changed: list[str]
    #: Stored, and not declared: made in the admin, or left over. They are left alone.
    others: list[str]


def sync_roles() -> Sync:
    """
    Make the stored roles what USERACCOUNTS["ROLES"] declares: all of them, or none.

    Nothing is ever deleted, since history names the roles. Raises InvalidRole for a name that no
    role can have, or looks like another one, and for a permission that does not exist.
    """
    return repeat_undone(_sync_once, restore=lambda: None)


@transaction.atomic
def _sync_once() -> Sync:
    made, changed = [], []
    stored = {role.name: role for role in Role.objects.all()}
    for declared in declared_roles():
        role = stored.pop(declared.name, None)
        if role is None:
            role = make_role(declared.name)
            _write(role, declared)
            made.append(role.name)
        elif _write(role, declared):
            changed.append(role.name)
    return Sync(made, changed, sorted(stored))


def rename_role(
    role: Role,
    name: str,
    *,
    by: AbstractUser | None = None,
    request: HttpRequest | None = None,
) -> Role:
    """
    Give a role another name: who has it has it by the new name, at the next request.

    Guards that ask for the old name then let nobody in, and those that ask for the new one all of
    its holders: so ``by`` has to be somebody who may give a role of either name. Which guards ask
    is in ``requirements.guarded_names``. Raises InvalidRole, MayNotGrant, and UnknownRole for one
    that was deleted meanwhile.
    """
    renamed = Role(pk=role.pk, name=name, label=role.label, description=role.description)
    _refuse_bad_name(renamed)
    taken = InvalidRole(_("There is a role “%(name)s” already."), params={"name": name})
    if Role.objects.filter(name=name).exclude(pk=role.pk).exists():
        raise taken
    if by is not None and not (may_grant(by, [role]) and may_grant(by, [renamed])):
        raise MayNotGrant
    old, role.name = role.name, name
    try:
        with transaction.atomic():
            role.save(update_fields=["name", "look"])
            AccountEvent.objects.record(
                "role_renamed",
                user=None,
                actor=by,
                details={"from": old, "to": name},
                request=request,
            )
    except IntegrityError:
        # Somebody has given it, or one that looks like it, to another role at this very moment.
        role.name = old
        raise taken from None
    except DatabaseError as error:
        if not has_vanished(error):
            raise
        role.name = old
        raise UnknownRole(old) from None
    return role


def make_role(name: str) -> Role:
    """Make a role of a name that none has; a part of whatever needs it. Raises InvalidRole."""
    _refuse_bad_name(Role(name=name))
    # Another process may be at it, too.
    role, is_new = Role.objects.get_or_create(name=name)
    if is_new:
        note_role("role_made", role)
    return role


def note_role(
    kind: str, role: Role, *, by: AbstractUser | None = None, request: HttpRequest | None = None
) -> None:
    """Write down what was done to a role itself; a part of whatever does it."""
    details = {"role": role.name}
    AccountEvent.objects.record(kind, user=None, actor=by, details=details, request=request)


def permissions_of(role: Role | Group) -> set[str]:
    """Return the names of the permissions that a role carries, or a group of Django."""
    names = role.permissions.order_by().values_list("content_type__app_label", "codename")
    return {f"{label}.{codename}" for label, codename in names}


def note_permissions(
    role: Role,
    before: set[str],
    *,
    by: AbstractUser | None = None,
    request: HttpRequest | None = None,
) -> bool:
    """Write down which permissions a role carries more and less than ``before``, if any; say so."""
    now = permissions_of(role)
    if now == before:
        return False
    details = {"role": role.name, "given": sorted(now - before), "taken": sorted(before - now)}
    AccountEvent.objects.record(
        "role_changed", user=None, actor=by, details=details, request=request
    )
    return True


def _refuse_bad_name(role: Role) -> None:
    try:
        validate_role_name(role.name)
        role.clean()
    except ValidationError as error:
        raise InvalidRole(f"{role.name}: {error.messages[0]}") from None


def _write(role: Role, declared: Declared) -> bool:
    """Store what is declared of a role, and return whether anything was otherwise."""
    wanted = {"label": declared.label, "description": declared.description}
    other = {
        name: value
        for name, value in wanted.items()
        if value is not None and value != getattr(role, name)
    }
    for name, value in other.items():
        setattr(role, name, value)
    if other:
        role.save(update_fields=list(other))
    return _write_permissions(role, declared.permissions) or bool(other)


def _write_permissions(role: Role, names: frozenset[str] | None) -> bool:
    if names is None:
        return False
    before = permissions_of(role)
    role.permissions.set([_permission(name) for name in names])
    return note_permissions(role, before)


def _permission(name: str) -> Permission:
    label, _dot, codename = name.partition(".")
    found = Permission.objects.filter(content_type__app_label=label, codename=codename).first()
    if found is None:
        raise InvalidRole(f"There is no permission “{name}”.")
    return found


def _are_permissions(given: Any) -> bool:
    # A string is a sequence, too, and would be read letter by letter.
    return isinstance(given, list | tuple | set | frozenset) and all(
        isinstance(name, str) and all(name.partition(".")) for name in given
    )
