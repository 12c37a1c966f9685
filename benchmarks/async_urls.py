"""The pages that ``async_guards`` compares."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from django_useraccounts.decorators import roles_required

guard = roles_required("starving", ["artist", "programmer"])


async def nobody(request: HttpRequest) -> HttpResponse:
    return HttpResponse("Hello")


async def somebody(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"Hello {(await request.auser()).pk}")


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"Hello {request.user.pk}")


urlpatterns = [
    path("nobody/", nobody),
    path("auser/", somebody),
    path("login-required/", login_required(somebody)),
    path("guarded/", guard(somebody)),
    path("shut/", roles_required("treasurer")(somebody)),
    path("sync-login-required/", login_required(page)),
    path("sync-guarded/", guard(page)),
    path("accounts/", include("django_useraccounts.urls")),
]
