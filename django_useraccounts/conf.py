"""The settings: one dictionary, ``USERACCOUNTS``, read as typed attributes of :data:`conf`."""

import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from django.conf import settings
from django.core.signals import setting_changed


@dataclass(frozen=True)
class Conf:
    """Every setting with its type and default; names are the keys of ``USERACCOUNTS``."""

    #: ``https://example.com``: where mailed links lead. None: the Sites framework, else the host of
    #: the request, which Django has checked against ALLOWED_HOSTS.
    ORIGIN: str | None = None
    #: The name of the site in pages and mails. None: the Sites framework, else the host.
    SITE_NAME: str | None = None
    #: The class that answers what the site may decide otherwise, see ``policy.Policy``.
    POLICY: str = "django_useraccounts.policy.Policy"
    #: Do people have a username: each of them, who wants one, or nobody? A user model without that
    #: column has none anyway.
    USERNAME: Literal["required", "optional", "off"] = "required"
    #: Do people have e-mail addresses? "off": no address is asked for, no mail is ever sent.
    EMAIL: Literal["required", "off"] = "required"
    #: What people log in by, where they have both.
    LOGIN_BY: Literal["username_or_email", "username", "email"] = "username_or_email"
    #: What has to be typed twice: ``("email", "password")``, either, or nothing.
    RETYPE: tuple[Literal["email", "password"], ...] = ()
    #: How long nobody else may take the username that a user has given up.
    OLD_USERNAME_RESERVED: timedelta = timedelta(days=90)
    #: How many addresses a user may have, waiting ones included. 1: a new one replaces the old one
    #: when it is confirmed.
    EMAILS_PER_USER: int = 5
    #: After how long ``useraccounts_prune`` drops addresses that were not confirmed, and accounts
    #: that people have opened, here or in the administration, and that never had a confirmed one.
    #: An account that somebody has logged in to stays, and so does an address that is its one name.
    UNCONFIRMED_MAX_AGE: timedelta = timedelta(days=30)
    #: How long a closed account can be opened again, by logging in; then it is erased.
    CLOSED_ACCOUNT_KEPT: timedelta = timedelta(days=30)
    #: Which terms of service are in force, such as "2026-05-01"; "": the site has none to accept.
    TERMS_VERSION: str = ""
    #: Must a new user confirm the e-mail address before the first login? Asked by the pages to log
    #: in, that of the administration and logins by a provider; by no code that calls Django's
    #: ``authenticate`` and ``login``.
    CONFIRM_EMAIL_BEFORE_LOGIN: bool = True
    #: How long a link that confirms an address works. (Reset links: PASSWORD_RESET_TIMEOUT.)
    LINK_MAX_AGE: timedelta = timedelta(days=3)
    #: How long after a login ``recent_login_required`` lets pass, and the administration of the
    #: accounts lets change anything.
    RECENT_LOGIN_MAX_AGE: timedelta = timedelta(minutes=15)
    #: "thread": after the commit, beside the request. "immediate": after it, in the request.
    #: "tasks": by Django's tasks. "command": only by another process. Else the dotted path of a
    #: function that is called with the key of the mail, such as one that asks Celery.
    MAIL_DELIVERY: str = "thread"
    #: Attempts that are allowed: ``{"login": {"identifier": "10/5m 100/1d", "client": "100/5m"}}``;
    #: and the cache that counts them, by its name in CACHES: ``{"cache": "default"}``.
    LIMITS: Mapping[str, Any] = field(default_factory=dict)
    #: How many reverse proxies stand before the site and append to X-Forwarded-For. None: nobody
    #: has said; a client that seems to come through one is then not told from others.
    PROXIES: int | None = None
    #: The roles of the site, for ``useraccounts_sync_roles``: ``{"artist": "Artist"}``, or with a
    #: dictionary of ``label``, ``description`` and ``permissions`` (``["shop.view_order"]``).
    ROLES: Mapping[str, Any] = field(default_factory=dict)
    #: May usernames have letters beyond a to z (each name from one script only)?
    UNICODE_USERNAMES: bool = False


class LazyConf:
    """
    The settings of the project, read at first use and again when a test changes them.

    ``kind`` is the frozen dataclass of all of them. The settings of a room are a dictionary of
    their own: ``USERACCOUNTS[room]``. What is no dictionary counts as an empty one here: the system
    check that tells it is not the first to read them.
    """

    def __init__(self, kind: type[Any], *, room: str = "") -> None:
        self.kind, self.room = kind, room
        self._conf: Any = None
        setting_changed.connect(self.reset)

    def __getattr__(self, name: str) -> Any:
        if self._conf is None:
            known = {f.name for f in fields(self.kind)}
            given = _dictionary(getattr(settings, "USERACCOUNTS", {}))
            given = _dictionary(given.get(self.room, {})) if self.room else given
            self._conf = self.kind(**{key: given[key] for key in known & given.keys()})
        return getattr(self._conf, name)

    def reset(self, *, setting: str, **kwargs: object) -> None:
        """Forget what was read; a receiver of Django's ``setting_changed``."""
        if setting == "USERACCOUNTS":
            self._conf = None


if TYPE_CHECKING:
    conf: Conf = Conf()
else:
    conf = LazyConf(Conf)


def _dictionary(given: Any) -> Mapping[str, Any]:
    return given if isinstance(given, Mapping) else {}


@dataclass(frozen=True)
class Problem:
    """A setting that cannot be meant, and the line to write instead."""

    message: str
    hint: str


def problems(rooms: Mapping[str, type[Any]]) -> Iterator[Problem]:
    """
    Yield what is wrong with the names and types in ``USERACCOUNTS``; ``checks`` reports it.

    ``rooms`` are the installed rooms that have settings, by the name of their dictionary, with its
    dataclass.
    """
    given = getattr(settings, "USERACCOUNTS", {})
    if not isinstance(given, Mapping):
        yield Problem(
            "USERACCOUNTS is not a dictionary.", 'Write USERACCOUNTS = {"SITE_NAME": "…"}.'
        )
        return
    core = {name: value for name, value in given.items() if name not in rooms}
    yield from _problems_of(Conf, core, "USERACCOUNTS", others=rooms)
    for name, kind in rooms.items():
        where, own = f'USERACCOUNTS["{name}"]', given.get(name, {})
        if isinstance(own, Mapping):
            yield from _problems_of(kind, own, where)
        else:
            yield Problem(f"{where} is not a dictionary.", f"Known are: {_names(kind)}.")


def _problems_of(
    kind: type[Any], given: Mapping[Any, object], where: str, *, others: Iterable[str] = ()
) -> Iterator[Problem]:
    hints = typing.get_type_hints(kind)
    for name, value in given.items():
        if name not in hints:
            close = get_close_matches(str(name).upper(), [*hints, *others], n=1)
            hint = f'Did you mean "{close[0]}"?' if close else f"Known are: {_names(kind, others)}."
            yield Problem(f'{where} has no setting "{name}".', hint)
        elif not _is(value, hints[name]):
            yield Problem(
                f'{where}["{name}"] is {_shown(name, value)}.',
                f"It has to be {_in_words(hints[name])}; leave it out for the default, "
                f"{getattr(kind(), name)!r}.",
            )


def _names(kind: type[Any], others: Iterable[str] = ()) -> str:
    return ", ".join([*(f.name for f in fields(kind)), *others])


def _shown(name: str, value: object) -> str:
    """Return a value for the report, which is no place for a secret."""
    is_secret = name.endswith(("_KEY", "_SECRET"))
    return f"a {type(value).__name__}" if is_secret else repr(value)


def _is(value: object, hint: Any) -> bool:
    origin, args = get_origin(hint), get_args(hint)
    if origin is Literal:
        return value in args
    if origin is types.UnionType:
        return any(_is(value, arg) for arg in args)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if origin is tuple:
        return isinstance(value, tuple | list) and all(_is(item, args[0]) for item in value)
    return isinstance(value, origin or hint)


def _in_words(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return " or ".join(f'"{arg}"' for arg in get_args(hint))
    if get_origin(hint) is types.UnionType:
        return " or ".join(_in_words(arg) for arg in get_args(hint))
    if get_origin(hint) is tuple:
        return f"a tuple of {_in_words(get_args(hint)[0])}"
    words = {
        bool: "True or False",
        str: "a string",
        int: "a number, 0 or more",
        timedelta: "a timedelta",
    }
    return words.get(hint, "None" if hint is type(None) else "a dictionary")
