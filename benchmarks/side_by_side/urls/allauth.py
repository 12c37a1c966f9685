"""The pages of django-allauth, as its quickstart has them."""

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("", include("benchmarks.urls")),
]
