"""Grant and revoke roles: for a time, with who, why and from where kept in the events."""

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from .. import signals
from ..errors import InvalidPeriod, UnknownRole
from ..models import AbstractUser, AccountEvent, Role, RoleGrant
from ..models.roles import RoleGrantQuerySet


def grant_role(
    user: AbstractUser,
    role: str | Role,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    source: str = "",
    reason: str = "",
    by: AbstractUser | None = None,
    request: HttpRequest | None = None,
) -> RoleGrant:
    """
    Give ``user`` a role from ``since`` (now) until ``until`` (for good), by the next request.

    ``by`` is who grants, ``source`` where it comes from, for code, and ``reason`` why, for people.
    Raises UnknownRole and InvalidPeriod.
    """
    starts_at = since or timezone.now()
    if until is not None and until <= starts_at:
        raise InvalidPeriod
    with transaction.atomic():
        grant = RoleGrant.objects.create(
            user=user,
            role=_role(role),
            starts_at=starts_at,
            ends_at=until,
            granted_by=by,
            source=source,
            reason=reason,
        )
        details = {
            "role": grant.role.name,
            "since": starts_at.isoformat(),
            "until": until.isoformat() if until else None,
            "source": source,
            "reason": reason,
        }
        AccountEvent.objects.record(
            "role_granted", user=user, actor=by, details=details, request=request
        )
        signals.send_on_commit(signals.role_granted, user=user, grant=grant, request=request)
    user.forget_loaded()
    return grant


def revoke_role(
    user: AbstractUser,
    role: str | Role,
    *,
    reason: str = "",
    by: AbstractUser | None = None,
    request: HttpRequest | None = None,
) -> int:
    """
    Take a role from ``user``, from now on and for all times to come; return how many grants ended.

    Grants that have begun keep their start, as history; those that have not begun go. Raises
    UnknownRole; a role that the user does not have is no error.
    """
    role = _role(role)
    grants = RoleGrant.objects.filter(user=user, role=role)
    return _end(grants, user=user, role=role, reason=reason, by=by, request=request)


def revoke_grant(
    grant: RoleGrant,
    *,
    reason: str = "",
    by: AbstractUser | None = None,
    request: HttpRequest | None = None,
) -> bool:
    """
    End this one grant now; other grants of the same role stay. Return whether there was one to end.

    A grant that has begun keeps its start, as history; one that has not begun goes.
    """
    grants = RoleGrant.objects.filter(pk=grant.pk)
    ended = _end(grants, user=grant.user, role=grant.role, reason=reason, by=by, request=request)
    return bool(ended)


def _end(
    grants: RoleGrantQuerySet,
    *,
    user: AbstractUser,
    role: Role,
    reason: str,
    by: AbstractUser | None,
    request: HttpRequest | None,
) -> int:
    now = timezone.now()
    with transaction.atomic():
        ended = (
            grants.in_force(now).update(ends_at=now) + grants.filter(starts_at__gt=now).delete()[0]
        )
        if ended:
            details = {"role": role.name, "reason": reason}
            AccountEvent.objects.record(
                "role_revoked", user=user, actor=by, details=details, request=request
            )
            signals.send_on_commit(signals.role_revoked, user=user, role=role, request=request)
    user.forget_loaded()
    return ended


def _role(role: str | Role) -> Role:
    if isinstance(role, Role):
        return role
    try:
        return Role.objects.get(name=role)
    except Role.DoesNotExist:
        raise UnknownRole(role) from None
