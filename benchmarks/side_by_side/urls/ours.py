"""The pages of this app, as its quickstart has them."""

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("django_useraccounts.urls")),
    path("", include("benchmarks.urls")),
]
