"""The accounts, and a door of each kind."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from django_useraccounts.decorators import (
    allow_unconfirmed_email,
    confirmed_email_required,
    roles_required,
)


@roles_required("keyholder")
def vault(request: HttpRequest) -> HttpResponse:
    return HttpResponse("The vault is open.")


@confirmed_email_required
def letters(request: HttpRequest) -> HttpResponse:
    return HttpResponse("The letters are here.")


@allow_unconfirmed_email
def waiting_room(request: HttpRequest) -> HttpResponse:
    return HttpResponse("Take a seat.")


urlpatterns = [
    path("vault/", vault),
    path("letters/", letters),
    path("waiting-room/", waiting_room),
    path("accounts/", include("django_useraccounts.urls")),
]
