"""
Fail a flow at every place where the database can fail, and look at what is left.

A case is a flow in one situation: a function that writes the rows which it needs, and returns the
act. All cases of a room stand in ``tests/faults/cases/<room>.py``; a room joins by a file there::

    @case(make_primary)
    def an_address_that_is_not_the_primary_one():
        maria = make_user("maria")
        address = add_email(maria, "second@example.com", confirmed=True)
        return lambda: make_primary(address)

``@case(flow, EMAILS_PER_USER=1)`` sets USERACCOUNTS, and ``between=(…)`` names, for a flow of
several transactions, acts that lead from the rows before to each state that may be left. What goes
on with the others after it has failed with one logs that, and ``apart=(…)`` names acts of which each
leads from the rows before to a state without that one.

``run_through`` acts once undisturbed, which counts the statements and commits and shows the rows
that are right afterwards. Then it does so again for each of them; the ways to fail take turns, and
USERACCOUNTS_FAULTS=all tries each of them at each statement. Beside other databases than SQLite
only some of the statements fail in one run, since a server undoes what it is told to: every commit
and every third statement, from another one on each time; USERACCOUNTS_FAULTS=each leaves none out.
Afterwards all rows are those of before or those of after, whatever came out: sessions and rights of Django
included, moments to the hour, and with words for what is random. Signals and mails may have left
only if the rows are those of after.

The counters of attempts are left out: a flow spends its attempt before its transaction, and on
purpose, so that a refusal is not rolled back.
"""

import json
import logging
import os
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from importlib import import_module
from typing import Any
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password, is_password_usable
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import OperationalError, connections, models, transaction
from django.dispatch import Signal
from django.test import override_settings
from django.utils import timezone, translation
from django.utils.module_loading import module_has_submodule

from django_useraccounts.models import AttemptCounter, OutgoingMail
from django_useraccounts.testing import PASSWORD

NEW_PASSWORD = "another horse another staple"
#: The error of a mail that was given up before the act.
GIVEN_UP_BEFORE = "451 No"

#: "each": each statement is to fail in one way; "all": in each way. Else see above.
FAULTS = os.environ.get("USERACCOUNTS_FAULTS", "")

Act = Callable[[], Any]
Rows = dict[str, list[str]]


@dataclass(frozen=True)
class Case:
    """A flow in one situation."""

    flow: Callable[..., Any]
    prepare: Callable[..., Any]
    conf: dict[str, Any]
    #: For a flow of several transactions: each leads on to the next state that may be left.
    between: tuple[Act, ...] = ()
    #: For one that goes on with the others: each leads to what may be left without one of them.
    apart: tuple[Act, ...] = ()

    def __str__(self) -> str:
        return f"{self.flow.__name__}-{self.prepare.__name__}"


CASES: list[Case] = []


def case(
    flow: Callable[..., Any],
    *,
    between: tuple[Act, ...] = (),
    apart: tuple[Act, ...] = (),
    **conf: Any,
) -> Callable[[Callable[[], Act]], Callable[[], Act]]:
    """Put a situation of ``flow`` among the cases; the settings are those of USERACCOUNTS."""

    def register(prepare: Callable[[], Act]) -> Callable[[], Act]:
        CASES.append(Case(flow, prepare, conf, between, apart))
        return prepare

    return register


# How a database fails


class Way(Enum):
    """What the database does at one place."""

    REFUSED = "it refuses one statement"
    UNHEARD = "it executes one statement, and its answer is lost"
    GONE = "it is gone, from one statement on"
    UNDONE = "it undoes the transaction for the sake of another one"
    COMMIT_REFUSED = "it refuses a commit"
    COMMIT_UNHEARD = "it commits, and its answer is lost"

    @property
    def is_commit(self) -> bool:
        return self in {Way.COMMIT_REFUSED, Way.COMMIT_UNHEARD}

    @property
    def is_unheard(self) -> bool:
        """Whether it may be done although the answer is an error."""
        return self in {Way.UNHEARD, Way.COMMIT_UNHEARD}

    @property
    def error(self) -> OperationalError:
        # InnoDB's number for a deadlock, which tells on every database that it may be tried again.
        return OperationalError(*((1213, "deadlock") if self is Way.UNDONE else ("gone",)))


@dataclass
class Course:
    """What ran through the connection."""

    statements: list[str] = field(default_factory=list)
    commits: int = 0
    #: What met the fault: statements, or "COMMIT".
    met: list[str] = field(default_factory=list)


@contextmanager
def failing(way: Way | None = None, place: int = 0) -> Iterator[Course]:
    """Have the statement, or the commit, of this number fail; without a way, only count."""
    course = Course()
    database = connections["default"]
    really_commit = database._commit

    def execute_or_fail(
        execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        course.statements.append(sql)
        number = len(course.statements)
        is_here = number >= place if way is Way.GONE else number == place
        if way is None or way.is_commit or not is_here:
            return execute(sql, params, many, context)
        course.met.append(sql)
        # SQLite's BEGIN is no answer that can be lost: Django would never end that transaction.
        if way is Way.UNHEARD and not sql.startswith("BEGIN"):
            execute(sql, params, many, context)
        raise way.error

    def commit_or_fail() -> None:
        # The execute wrappers of Django see savepoints, and no commit.
        course.commits += 1
        if way is None or not way.is_commit or course.commits != place:
            really_commit()
            return
        course.met.append("COMMIT")
        if way is Way.COMMIT_UNHEARD:
            really_commit()
        raise way.error

    database._commit = commit_or_fail  # type: ignore[method-assign]
    try:
        with database.execute_wrapper(execute_or_fail):
            yield course
    finally:
        del database._commit  # type: ignore[method-assign]


def places(course: Course, *, ways: tuple[Way, ...]) -> Iterator[tuple[Way, int]]:
    """
    Yield what is to fail: every commit in every way, every statement in one way, by turns.

    With USERACCOUNTS_FAULTS=all every statement fails in every way.
    """
    is_complete = FAULTS in {"each", "all"} or connections["default"].vendor == "sqlite"
    for way in filter(lambda way: way.is_commit, ways):
        yield from ((way, place) for place in range(1, course.commits + 1))
    of_statements = [way for way in ways if not way.is_commit]
    first = random.randrange(len(of_statements))
    start, step = (1, 1) if is_complete else (random.randint(1, 3), 3)
    for place in range(start, len(course.statements) + 1, step):
        turn = of_statements[(first + place) % len(of_statements)]
        yield from ((way, place) for way in (of_statements if FAULTS == "all" else [turn]))


# What is left


def tables() -> list[type[models.Model]]:
    """Return the models of all rows that a flow may change, relations and sessions included."""
    kept = {AttemptCounter, ContentType, Permission}
    return [model for model in apps.get_models(include_auto_created=True) if model not in kept]


def filled(kinds: Sequence[type[models.Model]]) -> list[type[models.Model]]:
    """Return those whose tables hold rows: nearly all are empty, and one statement tells which."""
    database = connections["default"]
    names = [database.ops.quote_name(model._meta.db_table) for model in kinds]
    with database.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"EXISTS (SELECT 1 FROM {name})" for name in names))
        answers = zip(kinds, cursor.fetchone(), strict=True)
    return [model for model, has_rows in answers if has_rows]


def empty() -> None:
    """Delete all rows: quicker than the flush of Django, and permissions stay."""
    database = connections["default"]
    names = [model._meta.db_table for model in filled([*tables(), AttemptCounter])]
    with transaction.atomic(), database.constraint_checks_disabled(), database.cursor() as cursor:
        for name in names:
            cursor.execute(f"DELETE FROM {database.ops.quote_name(name)}")
    mail.outbox.clear()


def snapshot() -> Rows:
    """Return all rows, comparable with those of another time: a list of texts for each table."""
    stored: dict[type[models.Model], list[dict[str, Any]]] = {model: [] for model in tables()}
    stored |= {model: list(model._base_manager.values()) for model in filled(list(stored))}
    numbers = {
        model: {row[model._meta.pk.attname]: n for n, row in enumerate(sorted(rows, key=_age))}
        for model, rows in stored.items()
    }
    return {
        model._meta.label: sorted(_told(model, row, numbers) for row in rows)
        for model, rows in stored.items()
    }


def _age(row: dict[str, Any]) -> tuple[Any, ...]:
    # The keys of links are random, and grow with nothing.
    return (row["created_at"],) if "redeemed_at" in row else tuple(row.values())[:1]


#: What a mail looks like after an attempt to deliver it is told by ``wrong_news``.
_DELIVERY = {"due_at", "attempts", "sent_at", "error"}
#: Keys of rows in texts, which differ from one time to the next.
_NUMBER = re.compile(r'(invitation |"invitation": |"invited_by": )\d+')
#: As people write it, and as it stands in the version of a subscription.
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+[\d:]+)?|\b0\d{10}\b")


def _told(model: type[models.Model], row: dict[str, Any], numbers: dict[Any, Any]) -> str:
    if model is Session:
        return _session(row["session_key"], numbers)
    fields = [f for f in model._meta.concrete_fields if not f.primary_key]
    if model is OutgoingMail:
        fields = [f for f in fields if f.name not in _DELIVERY]
    return json.dumps({f.name: _plain(f, row[f.attname], numbers) for f in fields}, default=str)


def _plain(column: Any, value: Any, numbers: dict[Any, Any]) -> object:
    """Return what a value means, where chance or the clock has a part in it."""
    if value is not None and column.related_model in numbers:
        return f"#{numbers[column.related_model].get(value, 'gone')}"
    if isinstance(value, datetime):
        return f"{round((value - timezone.now()).total_seconds() / 3600)} hours"
    if isinstance(value, UUID) or str(value).startswith("deleted-"):
        return "random"
    if isinstance(value, bytes | memoryview):
        return "bytes"
    if column.name == "password":
        return _password(value)
    if column.name in {"registration_key", "browser_key", "device_key", "delivery"} and value:
        return "set"
    if isinstance(value, dict):
        value = json.dumps(value)
    if isinstance(value, str):
        value = _NUMBER.sub(r"\1#", _MOMENT.sub("a moment", value))
    return value


def _password(encoded: str) -> str:
    if not is_password_usable(encoded):
        return "none"
    return next((text for text in (PASSWORD, NEW_PASSWORD) if check_password(text, encoded)), "?")


def _session(key: str, numbers: dict[Any, Any]) -> str:
    """Return what a session holds, and whether it still lets its user in."""
    data = dict(Session.objects.get(pk=key).get_decoded())
    users = get_user_model()
    user = users._base_manager.filter(pk=data.pop("_auth_user_id", None)).first()
    is_valid = bool(user) and data.pop("_auth_user_hash", "") == user.get_session_auth_hash()
    who = f"#{numbers[users][user.pk]}" if user else "nobody"
    return f"{who} {'let in' if is_valid else 'not let in'} {sorted(data)}"


@contextmanager
def told() -> Iterator[list[str]]:
    """Collect the names of all signals that are sent, those of the rooms included."""
    news: list[str] = []
    receivers = [
        (signal, lambda name=name, **kwargs: news.append(name)) for name, signal in all_signals()
    ]
    for signal, receiver in receivers:
        signal.connect(receiver)
    try:
        yield news
    finally:
        for signal, receiver in receivers:
            signal.disconnect(receiver)


def all_signals() -> Iterator[tuple[str, Signal]]:
    """Yield the signals of the core and of each installed room, by name."""
    for app in apps.get_app_configs():
        if app.name.startswith("django_useraccounts") and module_has_submodule(
            app.module, "signals"
        ):
            for name, signal in vars(import_module(f"{app.name}.signals")).items():
                if isinstance(signal, Signal):
                    yield name, signal


@contextmanager
def logged() -> Iterator[list[str]]:
    """Collect what is logged as an error."""
    lines: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("django_useraccounts")
    logger.addHandler(handler)
    try:
        yield lines
    finally:
        logger.removeHandler(handler)


# The loop


@dataclass
class Outcome:
    """What one act came to, and what it left."""

    act: Act
    #: What ran through the connection; for the faults of ``outages`` what went out.
    course: Any
    answer: Any
    raised: Exception | None
    news: list[str]
    mails: list[tuple[str, str]]
    rows: Rows
    #: What the log says of errors.
    logged: list[str]


def perform(act: Act, faults: AbstractContextManager[Any] | None = None) -> Outcome:
    """Act once, while something fails, or nothing."""
    mail.outbox.clear()
    answer, raised = None, None
    with told() as news, logged() as lines, faults or failing() as course:
        try:
            answer = act()
        except Exception as error:
            raised = error
    return Outcome(act, course, answer, raised, news, mails_sent(), snapshot(), lines)


def mails_sent() -> list[tuple[str, str]]:
    """Return to whom mails have gone since the act began, and their subjects."""
    return [(message.to[0], str(message.subject)) for message in mail.outbox]


@dataclass(frozen=True)
class Right:
    """What an undisturbed act has left, and all states of the rows that may be left."""

    states: list[Rows]
    done: Outcome

    @property
    def before(self) -> Rows:
        return self.states[0]

    @property
    def after(self) -> Rows:
        return self.states[-1]


def undisturbed(case: Case, faults: AbstractContextManager[Any] | None = None) -> Right:
    """Act without a fault, from fresh rows; ``faults`` only counts."""
    states = [*states_of(case)]
    act = prepared(case)
    assert snapshot() == states[0], "a case has to begin with the same rows each time"
    done = perform(act, faults)
    if done.raised:
        raise done.raised
    return Right([*states, done.rows], done)


def states_of(case: Case) -> Iterator[Rows]:
    """Yield the rows of before, and all others that may be left but those of after."""
    prepared(case)
    yield snapshot()
    for step in case.between:
        step()
        yield snapshot()
    for some in case.apart:
        prepared(case)
        some()
        yield snapshot()


def run_through(case: Case, ways: tuple[Way, ...]) -> Iterator[tuple[str, Way, Right, Outcome]]:
    """Act once for each way and place, and yield a name of it, what is right, and the outcome."""
    right = undisturbed(case)
    assert right.after not in right.states[:-1], "a case has to change something"
    for way, place in places(right.done.course, ways=ways):
        outcome = perform(prepared(case), failing(way, place))
        assert outcome.course.met, "the same statements have to run each time"
        yield f"{way.value}: {place}, {outcome.course.met[0][:90]}", way, right, outcome


def prepared(case: Case) -> Act:
    """Write the rows of a case and nothing else; what that announces is mailed to nobody."""
    empty()
    quiet = override_settings(USERACCOUNTS={**settings.USERACCOUNTS, "MAIL_DELIVERY": "command"})
    # A request before it has left its language behind.
    with quiet, translation.override(settings.LANGUAGE_CODE):
        act: Act = case.prepare()
    return act


def wrong_news(right: Right, outcome: Outcome) -> Iterator[str]:
    """Yield what others were told and should not have been, and what is never told them."""
    told, mailed = Counter(outcome.news), Counter(outcome.mails)
    if outcome.rows == right.before and (told or mailed):
        yield f"not done, but told: {told}, {mailed}"
    if told - Counter(right.done.news) or mailed - Counter(right.done.mails):
        yield f"told more than was done: {told}, {mailed}"
    # Neither sent nor to be tried again, though its link works.
    given_up = OutgoingMail.objects.given_up().exclude(error=GIVEN_UP_BEFORE)
    if given_up.filter(models.Q(secret=None) | models.Q(secret__redeemed_at=None)).exists():
        yield "a mail is lost"


def difference(state: Rows, rows: Rows) -> str:
    """Return what tells two states apart, for people."""
    lines = []
    for name in state:
        lines += [f"  - {name} {row}" for row in state[name] if row not in rows[name]]
        lines += [f"  + {name} {row}" for row in rows[name] if row not in state[name]]
    return "\n".join(lines) or "  the same rows in other numbers"
