"""The pages that are compared. Those of a kind are there only in its process."""

from functools import reduce

from django.apps import apps
from django.contrib.auth.decorators import login_required, permission_required, user_passes_test
from django.http import HttpRequest, HttpResponse
from django.urls import path


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"Hello {request.user.pk}")


def is_artist(user) -> bool:  # type: ignore[no-untyped-def]
    return user.groups.filter(name="artist").exists()


urlpatterns = [
    path("login-required/", login_required(page)),
    path("ours/", login_required(page)),
    path("group/", user_passes_test(is_artist)(page)),
    path("permission/", permission_required("auth.view_user")(page)),
]
if apps.is_installed("django_useraccounts"):
    from django_useraccounts.decorators import roles_required

    guard = roles_required("starving", ["artist", "programmer"])
    urlpatterns += [
        path("ours-roles/", guard(page)),
        path("ours-20-guards/", reduce(lambda view, _number: guard(view), range(20), page)),
    ]
if apps.is_installed("rolepermissions"):
    from rolepermissions.decorators import has_role_decorator

    urlpatterns += [path("role-package/", has_role_decorator("artist")(page))]
