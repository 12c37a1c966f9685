"""What a person could notice of the tables after a race: no keys, no moments, no order of rows."""

from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.hashers import check_password
from django.db.models import BooleanField, ExpressionWrapper, Min, Q, QuerySet
from django.db.models.functions import Concat
from django.utils import timezone

from django_useraccounts.invitations.models import Invitation
from django_useraccounts.memberships.models import Membership, Payment, Plan
from django_useraccounts.models import (
    AccountEvent,
    AccountExport,
    OldUsername,
    OneTimeSecret,
    OutgoingMail,
    Role,
    RoleGrant,
    UndeliverableAddress,
    UserEmail,
)
from django_useraccounts.secrets import is_replaced, is_void
from django_useraccounts.social.models import Connection
from django_useraccounts.testing import PASSWORD
from tests.attacks.browsers import EVIL, NEW_PASSWORD
from tests.invariants import Tables
from tests.races.world import NUMBER, World

Left = Counter[tuple[object, ...]]
#: Whose row it is, a text or moment that tells so where it is nobody's, and what is noticed of it.
Row = tuple[object, object, tuple[object, ...]]


def left(tables: Tables, worlds: Sequence[World]) -> dict[str, Left]:
    """Return what is left of each Maria and of those who belong to her, by her tag, without it."""
    tags = {key: tag_in(user.username) for key, user in tables.users.items()}
    # They may have been erased.
    tags |= {world.maria.pk: world.tag for world in worlds}
    found: dict[str, Left] = defaultdict(Counter)
    for key, told, row in _rows(tables):
        is_moment = isinstance(told, datetime)
        tag = tags.get(key) or (_tag_at(told, worlds) if is_moment else tag_in(told))
        found[tag][tuple(_without(tag, value) for value in row)] += 1
    return found


def tag_in(told: object) -> str:
    """Return the tag of the Maria that something tells of; "" if it tells of none."""
    number = NUMBER.search(str(told))
    return number[0] if number else ""


def _tag_at(moment: datetime, worlds: Sequence[World]) -> str:
    """Return the tag of her whose turn it was; "" before it was anybody's."""
    place = bisect([world.begun_at for world in worlds], moment)
    return worlds[place - 1].tag if place else ""


def _without(tag: str, value: object) -> object:
    return value.replace(tag, "") if tag and isinstance(value, str) else value


def _rows(tables: Tables) -> Iterator[Row]:
    names = {key: u.email or f"who wants to be {u.username}" for key, u in tables.users.items()}
    yield from _of_users(tables)
    yield from _of_links()
    yield from _of(UserEmail.objects.all(), "user_id", "email verified_key is_primary", names)
    yield from _of(Connection.objects.all(), "user_id", "subject", names)
    yield from _of(OldUsername.objects.all(), "username_key", "username_key")
    yield from _of(AccountEvent.objects.all(), "at", "kind")
    # Not to which: who changes addresses and password at once is told at either.
    mails = OutgoingMail.objects.annotate(is_given_up=_is(due_at=None, sent_at=None))
    yield from _of(mails, "to", "kind is_given_up")
    exports = AccountExport.objects.annotate(is_waiting=_is(content=None))
    yield from _of(exports, "user_id", "is_waiting", names)
    for grant in RoleGrant.objects.in_force().select_related("role"):
        yield grant.user_id, "", ("RoleGrant", names[grant.user_id], grant.role.name, _days(grant))
    for role in Role.objects.all():
        yield None, role.name, ("Role", role.name)
    for plan in Plan.objects.select_related("role"):
        yield None, plan.name, ("Plan", plan.name, plan.role.name, plan.grace_days)
    # What was paid stays when its owner is erased.
    paid = Membership.objects.annotate(paid=Concat("subscription_id", Min("payments__reference")))
    yield from _of(paid, "paid", "state")
    yield from _of(Payment.objects.all(), "reference", "state")
    for row in Invitation.objects.select_related("link__user"):
        yield row.invited_by_id, row.email, ("Invitation", row.email, row.state, row.uses)
    for _session, user in tables.living_sessions:
        yield user.pk, "", ("Session", names[user.pk])
    for login in tables.living_rows.values():
        if login.epoch == tables.users[login.user_id].session_epoch:
            yield login.user_id, "", ("LoginSession", names[login.user_id])
    for trouble in UndeliverableAddress.objects.all():
        key = trouble.email_key
        yield None, key, ("UndeliverableAddress", key, trouble.state)


def _of(
    rows: QuerySet[Any], tells: str, seen: str, names: Mapping[object, str] | None = None
) -> Iterator[Row]:
    """Yield what is seen of each row; ``names`` are of their owners, where those are seen, too."""
    whose = "membership__user_id" if rows.model is Payment else "user_id"
    for row in rows.values(whose, tells, *seen.split()):
        who = () if names is None else (names.get(row[whose]),)
        yield row[whose], row[tells], (rows.model.__name__, *who, *(row[n] for n in seen.split()))


def _is(**conditions: object) -> ExpressionWrapper:
    return ExpressionWrapper(Q(**conditions), output_field=BooleanField())


def _days(grant: RoleGrant) -> int | None:
    """Return in how many days a grant ends, None for one that never does."""
    return grant.ends_at and round((grant.ends_at - timezone.now()).total_seconds() / 86400)


def _of_users(tables: Tables) -> Iterator[Row]:
    for user in tables.users.values():
        passwords = [text for text in (PASSWORD, EVIL, NEW_PASSWORD) if is_of(user, text)]
        yield (
            user.pk,
            user.username,
            (
                *("User", user.username, user.email, user.first_name, tuple(passwords)),
                *(user.is_active, user.is_closed, user.is_superuser, user.session_epoch),
                user.terms_version,
            ),
        )


def is_of(user: Any, password: str) -> bool:
    return user.has_usable_password() and bool(check_password(password, user.password))


def _of_links() -> Iterator[Row]:
    """Which links work: what is left of a link that does not, nobody notices."""
    rows = OneTimeSecret.objects.exclude(user=None).select_related("user", "address")
    for row in rows.annotate(is_replaced=is_replaced()):
        if not is_void(row, is_replaced=row.is_replaced):
            yield row.user_id, row.email_key, ("Link", row.purpose, row.email_key)
