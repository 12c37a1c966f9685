"""The pages that each site has besides those of the accounts."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path


def home(request: HttpRequest) -> HttpResponse:
    """Welcome anybody."""
    return render(request, "home.html")


@login_required
def orders(request: HttpRequest) -> HttpResponse:
    """Show who is logged in what is on the way."""
    return render(request, "home.html")


urlpatterns = [
    path("", home, name="home"),
    path("orders/", orders, name="orders"),
    path("accounts/", include("django_useraccounts.urls")),
]
