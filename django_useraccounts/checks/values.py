"""What stands in the dictionary USERACCOUNTS."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.cache import InvalidCacheBackendError, caches
from django.core.cache.backends.db import DatabaseCache
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.filebased import FileBasedCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.checks import CheckMessage
from django.core.exceptions import ValidationError
from django.db import connections, router
from django.utils.module_loading import import_string

from .. import compat
from ..conf import conf, problems
from ..limits import DEFAULTS, parse_rates
from ..models import AttemptCounter
from ..models.roles import look_of, validate_role_name
from ..models.users import TERMS_MAX_LENGTH
from ..policy import Policy
from ..roles.flows.names import Declared
from ..room import rooms


def names_and_types() -> Iterator[CheckMessage]:
    """Yield the settings that have a wrong name or type."""
    of_rooms = {room.conf.room: room.conf.kind for room in rooms() if room.conf is not None}
    for problem in problems(of_rooms):
        yield checks.Error(problem.message, hint=problem.hint, id="useraccounts.E001")


def limits() -> Iterator[CheckMessage]:
    """Yield the limits that cannot be read, and the cache that cannot count."""
    for purpose, given in conf.LIMITS.items():
        if purpose == "cache":
            yield from _cache_of_limits(given)
            continue
        known = DEFAULTS.get(purpose)
        if known is None:
            yield checks.Error(
                f'USERACCOUNTS["LIMITS"] has no purpose "{purpose}".',
                hint=f"Known are: {', '.join([*DEFAULTS, 'cache'])}.",
                id="useraccounts.E002",
            )
            continue
        if not isinstance(given, Mapping):
            yield _limit(purpose, repr(given), known)
            continue
        for name, rate in given.items():
            if name not in known or not _is_rate(rate):
                yield _limit(purpose, f"{name!r}: {rate!r}", known)


def _limit(purpose: str, given: str, known: Mapping[str, str]) -> CheckMessage:
    return checks.Error(
        f'USERACCOUNTS["LIMITS"]["{purpose}"] has {given}.',
        hint=f'Write "LIMITS": {{"{purpose}": {dict(known)}}}.',
        id="useraccounts.E002",
    )


def _is_rate(text: object) -> bool:
    try:
        return bool(parse_rates(str(text)))
    except ValueError:
        return False


def _cache_of_limits(alias: object) -> Iterator[CheckMessage]:
    hint = "Leave it out, and the database counts; or name a cache of Redis or Memcached in CACHES."
    problem = ""
    try:
        cache = caches[alias]  # type: ignore[index]
    except (InvalidCacheBackendError, ImportError, TypeError) as error:
        problem = f"which cannot be used: {error}"
    else:
        # Each process counts for itself, nobody counts, or two that count at once count one.
        if isinstance(cache, LocMemCache | DummyCache | FileBasedCache | DatabaseCache):
            problem = f"and {type(cache).__name__} cannot count what several processes do"
    if problem:
        yield checks.Error(
            f'USERACCOUNTS["LIMITS"]["cache"] is {alias!r}, {problem.rstrip(".")}.',
            hint=hint,
            id="useraccounts.E020",
        )
    elif _waits_for_ever(settings.CACHES[str(alias)]):
        yield checks.Warning(
            f"The cache {alias!r}, which counts attempts, has no time-out: if it hangs, logins do.",
            hint='Write "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}.',
            id="useraccounts.W013",
        )


def isolation() -> Iterator[CheckMessage]:
    """Yield the isolation of MariaDB in which what happens at one moment undoes one another."""
    connection = connections[router.db_for_write(AttemptCounter)]
    level = connection.settings_dict.get("OPTIONS", {}).get("isolation_level", "read committed")
    if connection.vendor == "mysql" and str(level).lower() != "read committed":
        # Without one Django sets none, and that of a server is "repeatable read" by default.
        which = f'"{level}"' if level else "of its server"
        yield checks.Warning(
            f"The database of the attempts has the isolation level {which}: "
            "of many attempts at once, MariaDB undoes some, and what is read behind a lock is as "
            "old as the transaction.",
            hint='Leave it out of the OPTIONS: Django\'s own is "read committed".',
            id="useraccounts.W014",
        )


def undone_attempts() -> Iterator[CheckMessage]:
    """Yield the counts of attempts that REST framework undoes with a request that it refuses."""
    connection = connections[router.db_for_write(AttemptCounter)]
    has_framework = apps.is_installed("rest_framework") or hasattr(settings, "REST_FRAMEWORK")
    is_undone = connection.settings_dict.get("ATOMIC_REQUESTS") and "cache" not in conf.LIMITS
    if has_framework and is_undone:
        yield checks.Warning(
            "The database of the attempts has ATOMIC_REQUESTS, so REST framework undoes the count "
            "of a wrong password: there, anybody may guess without end.",
            hint='Write USERACCOUNTS = {"LIMITS": {"cache": "limits"}}, a cache that counts; or '
            "silence this check where transaction.non_atomic_requests is on each view of the API.",
            id="useraccounts.W040",
        )


def _waits_for_ever(cache: Mapping[str, Any]) -> bool:
    # Django's own backend; of others each names it in its own way.
    is_redis = cache["BACKEND"] == "django.core.cache.backends.redis.RedisCache"
    return is_redis and not (
        "socket_timeout" in cache.get("OPTIONS", {})
        or "socket_timeout=" in str(cache.get("LOCATION"))
    )


def emails_per_user() -> Iterator[CheckMessage]:
    """Yield the limit that would leave nobody an address."""
    if conf.EMAILS_PER_USER < 1:
        yield checks.Error(
            'USERACCOUNTS["EMAILS_PER_USER"] is 0.',
            hint='Write 1 or more; on a site without addresses write "EMAIL": "off".',
            id="useraccounts.E016",
        )


def terms_version() -> Iterator[CheckMessage]:
    """Yield the version that does not fit into the column of the user."""
    if len(conf.TERMS_VERSION) > TERMS_MAX_LENGTH:
        yield checks.Error(
            f'USERACCOUNTS["TERMS_VERSION"] has {len(conf.TERMS_VERSION)} characters.',
            hint=f'Write at most {TERMS_MAX_LENGTH}, such as "2026-05-01".',
            id="useraccounts.E018",
        )


def mail_delivery() -> Iterator[CheckMessage]:
    """Yield the way to deliver mail that leads nowhere."""
    how = conf.MAIL_DELIVERY
    if how in {"thread", "immediate", "command"}:
        return
    if how == "tasks":
        if compat.tasks() is None:
            yield checks.Error(
                'USERACCOUNTS["MAIL_DELIVERY"] is "tasks", and this Django has no tasks.',
                hint="Install Django 6.0 or newer, or its backport django-tasks.",
                id="useraccounts.E017",
            )
        return
    try:
        is_function = callable(import_string(how))
    except ImportError:
        is_function = False
    if not is_function:
        yield checks.Error(
            f'USERACCOUNTS["MAIL_DELIVERY"] is {how!r}.',
            hint='It has to be "thread", "immediate", "tasks" or "command", or the dotted path of '
            "a function that takes the key of a mail.",
            id="useraccounts.E017",
        )


def roles() -> Iterator[CheckMessage]:
    """Yield the declared roles that cannot be made."""
    seen: dict[str, str] = {}
    for name, given in conf.ROLES.items():
        try:
            if not isinstance(name, str):
                raise ValueError("is no name")
            validate_role_name(name)
            Declared.read(name, given)
            like = seen.setdefault(look_of(name), name)
            if like != name:
                raise ValueError(f'looks like "{like}"')
        except ValidationError as error:
            yield _role(name, f"cannot be. {error.messages[0]}")
        except ValueError as error:
            yield _role(name, str(error))


def _role(name: object, problem: str) -> CheckMessage:
    return checks.Error(
        f'USERACCOUNTS["ROLES"][{name!r}] {problem}.'.replace("..", "."),
        hint='Write "ROLES": {"artist": "Artist"}, or for more than a label {"artist": {"label": '
        '"Artist", "description": "Paints.", "permissions": ["shop.view_order"]}}.',
        id="useraccounts.E019",
    )


def policy() -> Iterator[CheckMessage]:
    """Yield the policy that is none, and what nobody asks, but for a letter or two."""
    try:
        policy_class = import_string(conf.POLICY)
        is_policy = issubclass(policy_class, Policy)
    except (ImportError, TypeError):
        is_policy = False
    if not is_policy:
        yield checks.Error(
            f'USERACCOUNTS["POLICY"] is "{conf.POLICY}", which is no subclass of Policy.',
            hint="Write the dotted path of a subclass of django_useraccounts.policy.Policy.",
            id="useraccounts.E003",
        )
        return
    questions = _public(Policy)
    # One that is answered has its right name, and the other is a helper of it.
    unanswered = {n for n in questions if getattr(policy_class, n) is getattr(Policy, n)}
    for name in sorted(_public(policy_class) - questions):
        for meant in get_close_matches(name, unanswered, n=1, cutoff=0.8):
            yield checks.Warning(
                f'{conf.POLICY} has "{name}", which nobody asks.',
                hint=f'Did you mean "{meant}"?',
                id="useraccounts.W015",
            )


def _public(policy_class: type[Policy]) -> set[str]:
    return {name for name in dir(policy_class) if not name.startswith("_")}
