from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from django_useraccounts.room import MenuEntry, Room


class KeysConfig(Room, AppConfig):
    name = "keys"
    label = "useraccounts_keys"
    default_auto_field = "django.db.models.BigAutoField"
    routes = ("keys.urls",)
    menu = (MenuEntry("keys", _("Your keys"), lambda user: user.has_roles("keeper")),)
    needs = ("django.contrib.humanize",)
