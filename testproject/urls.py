"""The guild's pages, the accounts, and the administration."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("", include("testproject.guild.urls")),
    path("accounts/", include("django_useraccounts.urls")),
    # The page of the accounts limits guesses, tells by mail and writes it down; the admin's has
    # another form of its own, which does not.
    path(
        "admin/password_change/", RedirectView.as_view(pattern_name="useraccounts:change_password")
    ),
    path("admin/", admin.site.urls),
]
