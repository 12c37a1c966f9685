"""The door by which rooms join: attributes on a Django AppConfig."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.apps import apps

if TYPE_CHECKING:
    from django.apps import AppConfig as RoomBase
else:
    # A mixin, not an AppConfig: an AppConfig subclass that an apps.py imports would make Django's
    # discovery see two candidates and take neither.
    RoomBase = object


@dataclass(frozen=True)
class MenuEntry:
    """A page of the own account that the account menu leads to."""

    #: Its URL name in the namespace of the accounts.
    name: str
    #: What the link says; translatable.
    label: Any
    #: Says for which user the page is of use.
    is_for: Callable[[Any], bool] = lambda _user: True


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
    #: Names of the apps that have to be installed beside it; a system check tells the missing ones.
    needs: tuple[str, ...] = ()


def rooms() -> Iterator[Room]:
    """Yield the installed rooms in the order of INSTALLED_APPS."""
    for config in apps.get_app_configs():
        if isinstance(config, Room):
            yield config
