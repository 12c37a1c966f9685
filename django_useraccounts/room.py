"""The door by which rooms join: attributes on a Django AppConfig."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from django.apps import apps
from django.dispatch import Signal
from django.http import HttpRequest
from django.urls import reverse
from django.utils.module_loading import import_string

from .conf import LazyConf

if TYPE_CHECKING:
    from django.apps import AppConfig as RoomBase
    from django.db.models import QuerySet
else:
    # A mixin, not an AppConfig: an AppConfig subclass that an apps.py imports would make Django's
    # discovery see two candidates and take neither.
    RoomBase = object


@dataclass(frozen=True)
class MenuEntry:
    """A page of the own account that the account menu leads to, and the user menu."""

    #: Its URL name.
    name: str
    #: What the link says; translatable.
    label: Any
    #: Says for which user the page is of use.
    is_for: Callable[[Any], bool] = lambda _user: True
    #: Where its name stands: among the accounts, in an app of the project, or "" in none.
    namespace: str = "useraccounts"
    #: Does ``is_for`` ask the database? The user menu, which is on every page, leaves it out then.
    asks_database: bool = False

    @property
    def url(self) -> str:
        """The path of the page."""
        return reverse(f"{self.namespace}:{self.name}" if self.namespace else self.name)


class Admission(Protocol):
    """What lets somebody register whom a site may otherwise not let in, such as an invitation."""

    @property
    def email(self) -> str:
        """The address that its link was mailed to, "" for none: who came by it has proved it."""

    @property
    def sentence(self) -> str:
        """What the page to register says about it, "" for nothing."""

    @property
    def page(self) -> str:
        """The path where who has an account already goes on after the login."""

    def take(self, user: Any, *, request: HttpRequest | None) -> None:
        """Use it up for the new user, in the transaction of the registration, or raise."""


class Room(RoomBase):
    """
    Mix into the AppConfig of an app that adds pages to the accounts::

        class InvitationsConfig(Room, AppConfig):
            name = "django_useraccounts.invitations"
            label = "useraccounts_invitations"
            routes = ("django_useraccounts.invitations.urls",)
    """

    #: URLconfs whose pages are included among the account pages, in their namespace.
    routes: tuple[str, ...] = ()
    #: Its pages in the account menu, in this order.
    menu: tuple[MenuEntry, ...] = ()
    #: Template of the other ways to log in, shown on the pages to log in and to register.
    ways_in: str = ""
    #: What people read in their history for each kind of event that it records; translatable, with
    #: the details of the event as placeholders, such as "%(role)s".
    sentences: Mapping[str, Any] = MappingProxyType({})
    #: Those among them that a stranger can cause: about nobody's account they go after 90 days.
    tried_by_strangers: tuple[str, ...] = ()
    #: What a sample of a mail has that is not called like the page of its link: the purpose of the
    #: link, and what the mail names, by the kind of mail.
    samples: Mapping[str, tuple[str, str]] = MappingProxyType({})
    #: Its settings, a dictionary of their own in USERACCOUNTS; a system check reads them.
    conf: LazyConf | None = None
    #: Names of the apps that have to be installed beside it; a system check tells the missing ones.
    needs: tuple[str, ...] = ()

    def admission(self, request: HttpRequest) -> Admission | None:
        """Return what the visitor brings along that lets in, if anything."""
        return None

    def lets_in(self, user: Any) -> bool:
        """Say whether the user can log in by what the room keeps, without a password."""
        return False

    def lock_out(self, user: Any, *, keep_browser: bool, request: HttpRequest | None) -> None:
        """
        Take away the ways in that the room keeps for a user, in the transaction of the caller.

        Somebody has just proved to be the owner of an account that a stranger may have been in, and
        any of them may be the stranger's. ``keep_browser`` tells whether that of ``request`` is the
        owner's for sure.
        """

    def outdated(self) -> "Mapping[str, QuerySet[Any]]":
        """Return what ``useraccounts_prune`` is to delete, by the name that it tells."""
        return {}


@cache
def later(path: str) -> Callable[..., Any]:
    """
    Return what calls a function of this package, whose module is imported only then.

    For what an app registers when it is ready: models are there, and a process that serves pages
    does not begin with the code of checks, exports and mails. The same path gives the same object.
    """

    def call(*args: Any, **kwargs: Any) -> Any:
        return import_string(f"django_useraccounts.{path}")(*args, **kwargs)

    return call


def connect_later(signal: Signal, path: str) -> None:
    """Have a function of this package receive a signal, see ``later``; twice is once."""
    signal.connect(later(path), dispatch_uid=f"django_useraccounts.{path}")


def rooms() -> Iterator[Room]:
    """Yield the installed rooms in the order of INSTALLED_APPS."""
    for config in apps.get_app_configs():
        if isinstance(config, Room):
            yield config


def is_let_in_by_room(user: Any) -> bool:
    """Say whether the user can log in without a password; see ``Room.lets_in``."""
    return any(room.lets_in(user) for room in rooms())


def lock_out_of_rooms(user: Any, *, keep_browser: bool = True, request: HttpRequest | None) -> None:
    """Have every room take its ways into an account away; see ``Room.lock_out``."""
    for room in rooms():
        room.lock_out(user, keep_browser=keep_browser, request=request)


def admission_of(request: HttpRequest) -> Admission | None:
    """Return what the visitor brings along that lets in; every way to register asks for it."""
    return next((found for room in rooms() if (found := room.admission(request))), None)
