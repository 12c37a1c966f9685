"""Walk all users in the order of their keys, a batch at a time, and take over who has to be."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError, connections, router, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from ...batches import batches
from ...canonical import email_key, username_key
from ...models import AbstractUser, AccountEvent, OldUsername, UserEmail
from ...transactions import repeat_undone
from .account import COLUMNS, Account, Finding, Known, Rules, alike
from .survey import Survey

#: Of the users with these keys, those whose address the site knows to be theirs.
Confirmed = Callable[[Sequence[Any]], Collection[Any]]


@dataclass(frozen=True)
class Step:
    """A batch that is done: its transaction is committed."""

    users: int
    changed: int
    findings: list[Finding]


def find_obstacles(
    survey: Survey, rules: Rules, *, confirmed: Confirmed, batch: int
) -> Iterator[Step]:
    """Yield what :func:`adopt_accounts` would do; nothing is changed."""
    for users in _batches(batch):
        accounts = _with_addresses(users)
        changed, findings = _settle(accounts, rules, confirmed, survey=survey, is_first=True)
        yield Step(len(users), len(changed), findings)


def adopt_accounts(
    rules: Rules,
    *,
    confirmed: Confirmed,
    survey: Survey | None = None,
    after: object = None,
    batch: int,
) -> Iterator[Step]:
    """
    Take over what is not yet: a key for each username, a row for each address, an event for each.

    Each batch is a transaction with the same number of statements, and locks only who is changed.
    What is done stays done. Unless it is done ahead, ``user.email`` becomes the copy of the primary
    address that it is to be, "" where none is proved.
    """
    for users in _batches(batch, after=after):
        keys = [a.user.pk for a in _with_addresses(users) if not a.is_settled(rules)]
        changed, findings = _adopt(keys, rules, confirmed, survey) if keys else (0, [])
        yield Step(len(users), changed, findings)


def survey_names(survey: Survey, *, batch: int) -> Iterator[int]:
    """Write down the keys of all names, and yield after how many users that was."""
    for users in _batches(batch):
        survey.add("username", ((username_key(u.username or ""), u.pk) for u in users))
        survey.add("email", ((email_key(user.email), user.pk) for user in users))
        yield len(users)


def last_done() -> object:
    """Return the key before that of the first user who lacks a row; None if that is the first."""
    rows = users_of_the_site().order_by("pk")
    known = _written(UserEmail).filter(user=OuterRef("pk"))
    lacks = Q(username_key=None, username__gt="") | Q(~Exists(known), email__gt="")
    first = rows.filter(lacks).values_list("pk", flat=True).first()
    before = rows if first is None else rows.filter(pk__lt=first)
    return before.values_list("pk", flat=True).last()


def users_of_the_site() -> "QuerySet[AbstractUser]":
    """Return all users, also those that the default manager of a project hides."""
    return _written(get_user_model())


def _written(model: type[Any]) -> "QuerySet[Any]":
    # A replica of the database may not have yet what the batch before has written.
    rows: QuerySet[Any] = model._base_manager.using(router.db_for_write(model))
    return rows


def _batches(batch: int, *, after: object = None) -> Iterator[list[AbstractUser]]:
    return batches(users_of_the_site().only(*COLUMNS), batch=batch, after=after)


def _with_addresses(users: Sequence[AbstractUser]) -> list[Account]:
    rows: dict[object, list[UserEmail]] = {user.pk: [] for user in users}
    for address in _written(UserEmail).filter(user__in=list(rows)).order_by("pk"):
        rows[address.user_id].append(address)
    return [Account(user, rows[user.pk]) for user in users]


def _adopt(
    keys: Sequence[object], rules: Rules, confirmed: Confirmed, survey: Survey | None
) -> tuple[int, list[Finding]]:
    try:
        return repeat_undone(
            lambda: _adopt_once(keys, rules, confirmed, survey), restore=lambda: None
        )
    except IntegrityError:
        # Who registers with a name of the batch at this moment has it; the next try knows. Or the
        # database takes a new username for one that looks otherwise: then another one is given.
        if rules.names == 1:
            raise
    return _adopt(keys, replace(rules, names=rules.names - 1), confirmed, survey)


def _adopt_once(
    keys: Sequence[object], rules: Rules, confirmed: Confirmed, survey: Survey | None
) -> tuple[int, list[Finding]]:
    with transaction.atomic():
        # Read again, and locked: the site goes on meanwhile.
        users = users_of_the_site().only(*COLUMNS).filter(pk__in=keys).order_by("pk")
        accounts = _with_addresses(list(users.select_for_update()))
        changed, findings = _settle(accounts, rules, confirmed, survey=survey)
        _write(changed)
    return len(changed), findings


def _settle(
    accounts: list[Account],
    rules: Rules,
    confirmed: Confirmed,
    *,
    survey: Survey | None,
    is_first: bool = False,
) -> tuple[list[Account], list[Finding]]:
    """Settle in memory; ``is_first`` while no key is stored, so that the survey has to know."""
    known = _ask(accounts, rules, confirmed, survey)
    if survey and is_first:
        keys = [account.key for account in accounts if account.key]
        known.username_owners = {**survey.shared("username", keys), **known.username_owners}
    findings = [finding for account in accounts for finding in account.settle(known, rules)]
    changed = [a for a in accounts if a.is_changed or a.events or a.changed_addresses]
    return changed, findings


def _ask(
    accounts: list[Account], rules: Rules, confirmed: Confirmed, survey: Survey | None
) -> Known:
    """Ask what is known of the names of a batch, by some statements and what the site asks."""
    emails = {account.name.key for account in accounts if account.name}
    known = Known()
    _ask_for_usernames(accounts, known, rules)
    owners = _written(UserEmail).filter(verified_key__in=emails)
    known.email_owners = {row.email_key: row.user_id for row in owners.only("email_key", "user_id")}
    known.shared = survey.shared("email", emails) if survey else ()
    known.confirmed = confirmed([account.user.pk for account in accounts])
    return known


def _ask_for_usernames(accounts: list[Account], known: Known, rules: Rules) -> None:
    keys = {account.key for account in accounts if account.key}
    spare = {n for a in accounts for n in a.names_to_give()} if rules.rename else set()
    spare_keys = {username_key(name) for name in spare}
    rows = users_of_the_site().filter(Q(username_key__in=keys | spare_keys) | Q(username__in=spare))
    for pk, username, key in rows.values_list("pk", "username", "username_key"):
        known.usernames.add(alike(username or ""))
        if key is not None:
            known.username_owners[key] = str(pk)
    if spare:
        reserved = OldUsername.objects.using(rows.db).reserved()
        given_up = reserved.filter(username_key__in=spare_keys)
        for key, former in given_up.values_list("username_key", "user_id"):
            known.username_owners.setdefault(key, str(former))


def _write(accounts: Sequence[Account]) -> None:
    """Write what has changed: one statement for each kind of change, whatever the batch."""
    for column in COLUMNS:
        users = [account.user for account in accounts if account.has_changed(column)]
        # Only addresses are ever emptied, and by one value for all.
        _update([user for user in users if getattr(user, column)], column)
        _empty([user for user in users if not getattr(user, column)], column)
    old = [row for account in accounts for row in account.changed_addresses]
    if old:
        fields = ("verified_key", "is_primary", "confirmed_at", "registration_key")
        UserEmail.objects.bulk_update(old, fields)
    UserEmail.objects.bulk_create([row for account in accounts for row in account.new_addresses])
    AccountEvent.objects.record_all([event for account in accounts for event in account.events])


def _empty(users: Sequence[AbstractUser], column: str) -> None:
    if users:
        users_of_the_site().filter(pk__in=[user.pk for user in users]).update(**{column: ""})


def _update(users: Sequence[AbstractUser], column: str) -> None:
    """
    Write one column of some users.

    As ``bulk_update`` does, which compiles an expression for each row, and so takes longer than all
    the rest together.
    """
    if not users:
        return
    model = users_of_the_site().model
    connection = connections[router.db_for_write(model)]
    field: Any = model._meta.get_field(column)
    names = (model._meta.db_table, field.column, str(model._meta.pk.column))
    table, target, key = map(connection.ops.quote_name, names)
    whens, marks = " WHEN %s THEN %s" * len(users), ", ".join(["%s"] * len(users))
    sql = f"UPDATE {table} SET {target} = CASE {key}{whens} END WHERE {key} IN ({marks})"  # noqa: S608
    keys = [model._meta.pk.get_db_prep_value(user.pk, connection) for user in users]
    values = [getattr(user, column) for user in users]
    pairs = [value for pair in zip(keys, values, strict=True) for value in pair]
    with connection.cursor() as cursor:
        cursor.execute(sql, [*pairs, *keys])
