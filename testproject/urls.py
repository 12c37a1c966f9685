"""The guild's pages, and the accounts."""

from django.urls import include, path

urlpatterns = [
    path("", include("testproject.guild.urls")),
    path("accounts/", include("django_useraccounts.urls")),
]
