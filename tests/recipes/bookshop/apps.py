"""The bookshop adds a page of its own to the menu of the accounts."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from django_useraccounts.room import MenuEntry, Room


class BookshopConfig(Room, AppConfig):
    name = "bookshop"
    menu = (MenuEntry("orders", _("Your orders"), namespace=""),)
