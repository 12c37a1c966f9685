"""The guild as a Django app."""

from django.apps import AppConfig


class GuildConfig(AppConfig):
    name = "testproject.guild"
    verbose_name = "The Artists' Guild"
