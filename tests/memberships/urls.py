"""A site with a page for members, as docs/memberships.rst shows it."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from django_useraccounts.decorators import roles_required


@roles_required("member")
def fireside(request: HttpRequest) -> HttpResponse:
    return HttpResponse("Warm.")


urlpatterns = [path("fireside/", fireside), path("accounts/", include("django_useraccounts.urls"))]
