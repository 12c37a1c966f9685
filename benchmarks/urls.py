"""The pages that are compared."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import path

from django_useraccounts.decorators import roles_required


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"Hello {request.user.pk}")


urlpatterns = [
    path("login-required/", login_required(page)),
    path("roles-required/", roles_required("starving", ["artist", "programmer"])(page)),
]
