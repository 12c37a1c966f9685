"""Give and take roles: for a time, with who, why and from where kept in the events."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from ... import signals
from ...errors import GrantOver, InvalidPeriod, UnknownRole, UserVanished
from ...models import AbstractUser, AccountEvent, Role, RoleGrant
from ...models.roles import RoleGrantQuerySet
from ...policy import policy
from ...transactions import has_vanished
from ..rights import refuse_to_grant, refuse_to_revoke

logger = logging.getLogger(__name__)


def grant_role(
    user: AbstractUser,
    role: str | Role,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    grace: timedelta | None = None,
    source: str = "",
    reason: str = "",
    remind: bool = True,
    by: AbstractUser | None = None,
    request: HttpRequest | None = None,
) -> RoleGrant:
    """
    Give ``user`` a role from ``since`` (now) until ``until`` (for good), by the next request.

    It counts for ``grace`` longer, by default as long as policy says. ``by`` is the person who
    grants, None for the site itself; ``source`` is where it comes from, for code, and ``reason``
    why, for people. ``remind`` lets ``useraccounts_remind`` mail the user before the end. Grants of
    one role may overlap: what counts is whether one is in force.

    Raises UnknownRole, InvalidPeriod, MayNotGrant and UserVanished.
    """
    role = _role(role)
    starts_at = since or timezone.now()
    counts_until = _counts_until(role, starts_at, until, grace)
    refuse_to_grant(by, user, [role])
    try:
        with transaction.atomic():
            _refuse_vanished(user)
            grant = RoleGrant.objects.create(
                user=user,
                role=role,
                starts_at=starts_at,
                ends_at=until,
                counts_until=counts_until,
                granted_by=by,
                source=source,
                reason=reason,
                reminds=remind,
            )
            details = {
                **_facts(grant),
                "since": starts_at.isoformat(),
                "source": source,
                "reason": reason,
            }
            AccountEvent.objects.record(
                "role_granted", user=user, actor=by, details=details, request=request
            )
            signals.send_on_commit(signals.role_granted, user=user, grant=grant, request=request)
    except IntegrityError as error:
        # Who is erased at this very moment. No lock, since callers hold other rows already. A role
        # that is deleted now is for them to look for once more, as for all that vanishes.
        if has_vanished(error):
            _refuse_vanished(user)
        raise
    user.forget_loaded()
    return grant


def extend_grant(
    grant: RoleGrant,
    *,
    until: datetime | None,
    grace: timedelta | None = None,
    reason: str = "",
    by: AbstractUser | None = None,
    request: HttpRequest | None = None,
) -> RoleGrant:
    """
    Let a grant last until a later moment, None for good; return it as it is now.

    The reminder of its end comes once more. Raises GrantOver for one that counts no more,
    InvalidPeriod for a moment that is not later, and MayNotGrant.
    """
    user, role = grant.user, grant.role
    counts_until = _counts_until(role, grant.starts_at, until, grace)
    refuse_to_grant(by, user, [role])
    with transaction.atomic():
        # Locked, so that a revocation at this moment is seen, and not undone.
        found = RoleGrant.objects.select_for_update().filter(pk=grant.pk).first()
        if found is None or found.is_over:
            raise GrantOver
        if found.ends_at is None or (until is not None and until <= found.ends_at):
            raise InvalidPeriod
        if counts_until and found.counts_until:
            # Of more grace than there is now, nothing is taken away.
            counts_until = max(counts_until, found.counts_until)
        found.ends_at, found.counts_until, found.reminded_at = until, counts_until, None
        found.save(update_fields=["ends_at", "counts_until", "reminded_at"])
        details = {**_facts(found), "reason": reason}
        AccountEvent.objects.record(
            "role_extended", user=user, actor=by, details=details, request=request
        )
        signals.send_on_commit(signals.role_extended, user=user, grant=found, request=request)
    user.forget_loaded()
    return found


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
    UnknownRole and MayNotGrant; a role that the user does not have is no error.
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

    A grant that has begun keeps its start, as history; one that has not begun goes. Raises
    MayNotGrant.
    """
    grants = RoleGrant.objects.filter(pk=grant.pk)
    ended = _end(grants, user=grant.user, role=grant.role, reason=reason, by=by, request=request)
    return bool(ended)


def grant_default_roles(user: AbstractUser, *, request: HttpRequest | None = None) -> None:
    """Give a new user the roles that policy says; for every flow that makes one."""
    names = policy().default_roles(user)
    if isinstance(names, str):
        # Else each of its letters were a name.
        logger.error(
            "Policy.default_roles returns the string “%s”: it has to return a list of names.", names
        )
        return
    stored = {role.name: role for role in Role.objects.filter(name__in=names)} if names else {}
    for name in names:
        if name in stored:
            grant_role(user, stored[name], source="default", request=request)
        else:
            # Nobody is to be kept from registering by a name that is missing.
            logger.error("Policy.default_roles names “%s”, and there is no such role.", name)


def _end(
    grants: RoleGrantQuerySet,
    *,
    user: AbstractUser,
    role: Role,
    reason: str,
    by: AbstractUser | None,
    request: HttpRequest | None,
) -> int:
    refuse_to_revoke(by, user, role)
    with transaction.atomic():
        ended = grants.end()
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
    found = Role.objects.filter(name=role).first()
    # MariaDB finds "artist" by "ARTIST", too.
    if found is None or found.name != role:
        raise UnknownRole(role)
    return found


def _counts_until(
    role: Role, starts_at: datetime, until: datetime | None, grace: timedelta | None
) -> datetime | None:
    if until is None:
        return None
    grace = policy().grace(role.name) if grace is None else grace
    if until <= starts_at or grace < timedelta():
        raise InvalidPeriod
    try:
        return until + grace
    except OverflowError:
        raise InvalidPeriod from None


def _refuse_vanished(user: AbstractUser) -> None:
    # Databases tell of a foreign key that leads nowhere at the commit, too late for a sentence.
    if not get_user_model()._base_manager.filter(pk=user.pk).exists():
        raise UserVanished


def _facts(grant: RoleGrant) -> Mapping[str, object]:
    until, counts_until = grant.ends_at, grant.counts_until
    facts: dict[str, object] = {
        "role": grant.role.name,
        "until": until.isoformat() if until else None,
    }
    if counts_until and counts_until != until:
        facts["counts_until"] = counts_until.isoformat()
    return facts
