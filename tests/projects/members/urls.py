"""The club's register page, before the pages of the accounts."""

from django.urls import path

from django_useraccounts.registration.views import RegisterView
from tests.projects.urls import urlpatterns as pages

from .forms import ClubRegisterForm

urlpatterns = [
    path("accounts/register/", RegisterView.as_view(form_class=ClubRegisterForm)),
    *pages,
]
