from django.apps import AppConfig

from django_useraccounts.room import Room


class AnnexConfig(Room, AppConfig):
    name = "tests.ground.annex"
    label = "useraccounts_annex"
    routes = ("tests.ground.annex.urls",)
    needs = ("django.contrib.humanize",)
