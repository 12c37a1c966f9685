"""The door by which rooms join: attributes on a Django AppConfig."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.apps import apps

if TYPE_CHECKING:
    from django.apps import AppConfig as RoomBase
else:
    # A mixin, not an AppConfig: an AppConfig subclass that an apps.py imports would make Django's
    # discovery see two candidates and take neither.
    RoomBase = object


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
    #: Names of the apps that have to be installed beside it; a system check tells the missing ones.
    needs: tuple[str, ...] = ()


def rooms() -> Iterator[Room]:
    """Yield the installed rooms in the order of INSTALLED_APPS."""
    for config in apps.get_app_configs():
        if isinstance(config, Room):
            yield config
