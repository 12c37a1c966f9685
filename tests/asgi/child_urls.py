"""Async views as a project writes them, beside all pages of the accounts."""

import asyncio

from asgiref.sync import sync_to_async
from django.contrib.auth import aauthenticate, alogin, alogout
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import include, path, reverse
from django.utils.translation import get_language, gettext
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from django_useraccounts.decorators import recent_login_required, roles_required
from django_useraccounts.mixins import RolesRequiredMixin
from django_useraccounts.registration.flows import register
from testproject.guild.provider import urls as provider


@roles_required("artist")
async def studio(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"Paint, {await request.auser()}.")


@recent_login_required
async def safe(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"Gold, {request.user}.")


class Gallery(RolesRequiredMixin, View):
    """An async class whose template asks for roles in the event loop."""

    roles_required = ("artist",)

    async def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "useraccounts/forbidden.html", {"missing": "nothing"})


async def speak(request: HttpRequest) -> HttpResponse:
    """Tell language, path and visitor before and after others have had their turn."""
    before = [get_language(), gettext("Yes"), reverse("async_studio"), str(await request.auser())]
    await asyncio.sleep(float(request.GET["seconds"]))
    after = [get_language(), gettext("Yes"), reverse("async_studio"), str(await request.auser())]
    return JsonResponse({"before": before, "after": after})


@csrf_exempt
async def open_account(request: HttpRequest) -> HttpResponse:
    """Await a flow, which is done as a whole in one thread."""
    names = {name: request.POST[name] for name in ("username", "email", "password")}
    done = await sync_to_async(register)(**names, request=request)
    return HttpResponse(str(done.user))


@csrf_exempt
async def enter(request: HttpRequest) -> HttpResponse:
    """Log in by Django's own async functions."""
    user = await aauthenticate(request, **request.POST.dict())
    if user is None:
        return HttpResponse("No.", status=401)
    await alogin(request, user)
    return HttpResponse(f"In, {user}.")


@csrf_exempt
async def leave(request: HttpRequest) -> HttpResponse:
    await alogout(request)
    return HttpResponse(f"Out, {request.user}.")


urlpatterns = [
    path("async/studio/", studio, name="async_studio"),
    path("async/safe/", safe),
    path("async/gallery/", Gallery.as_view()),
    path("async/speak/", speak),
    path("async/open-account/", open_account),
    path("async/enter/", enter),
    path("async/leave/", leave),
    # The guild shows its provider where DEBUG is on only.
    *(path(f"provider/{route}", view.as_view()) for route, view, _name in provider.pages),
    path("", include("tests.urls")),
]
