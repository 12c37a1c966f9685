"""Every page of the accounts: ``path("accounts/", include("django_useraccounts.urls"))``."""

from django.urls import include, path

from .room import rooms

app_name = "useraccounts"
urlpatterns = [path("", include(route)) for room in rooms() for route in room.routes]
