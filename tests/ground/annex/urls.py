from django.http import HttpRequest, HttpResponse
from django.urls import path


def winter_garden(request: HttpRequest) -> HttpResponse:
    return HttpResponse("Palms.")


urlpatterns = [path("winter-garden/", winter_garden, name="winter_garden")]
