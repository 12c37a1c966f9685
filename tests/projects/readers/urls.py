"""The library's register page, before the pages of the accounts."""

from django.urls import path

from tests.projects.urls import urlpatterns as pages

from .views import ReaderRegisterView

urlpatterns = [path("accounts/register/", ReaderRegisterView.as_view()), *pages]
