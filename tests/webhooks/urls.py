"""A site that lets its provider report, as docs/mail.rst says."""

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("django_useraccounts.urls")),
    path("anymail/", include("anymail.urls")),
]
