"""The demo's pages, and beside them pages that attackers would like to open."""

from django.contrib.auth.decorators import permission_required, user_passes_test
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import include, path
from django.views import View

from django_useraccounts.decorators import (
    allow_unconfirmed_email,
    recent_login_required,
    roles_accepted,
    roles_required,
)
from django_useraccounts.mixins import RecentLoginRequiredMixin, RolesRequiredMixin
from django_useraccounts.models import Role
from tests.integrations.urls import AnybodysSuppers

#: What has really been done by a guarded page.
done: list[str] = []


def act(request: HttpRequest) -> HttpResponse:
    done.append(request.method or "")
    return HttpResponse("done")


async def aact(request: HttpRequest) -> HttpResponse:
    done.append(request.method or "")
    return HttpResponse("done")


class Act(View):
    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        return act(request)


class MixinAct(RolesRequiredMixin, Act):
    roles_required = ("secret", ["sauce", "agent"])


class RecentAct(RecentLoginRequiredMixin, Act):
    pass


class AsyncAct(View):
    async def get(self, request: HttpRequest) -> HttpResponse:
        return await aact(request)

    post = put = patch = delete = options = get


class AsyncMixinAct(RolesRequiredMixin, AsyncAct):
    roles_required = ("secret", ["sauce", "agent"])


def in_template(request: HttpRequest) -> HttpResponse:
    source = (
        "{% load useraccounts %}"
        "{% if user|has_roles:'secret' and user|has_roles:'sauce, agent' %}cellar{% endif %}"
    )
    template = engines["django"].from_string(source)
    return HttpResponse(template.render({}, request))


@roles_required("secret")
@transaction.atomic
def write(request: HttpRequest) -> HttpResponse:
    Role.objects.create(name=request.POST["name"])
    return HttpResponse("written")


NEEDS = ("secret", ["sauce", "agent"])
SECRET = {
    "function": roles_required(*NEEDS)(act),
    "async": roles_required(*NEEDS)(aact),
    "class": roles_required(*NEEDS)(type("Guarded", (Act,), {})).as_view(),
    "mixin": MixinAct.as_view(),
    "async-mixin": AsyncMixinAct.as_view(),
    "accepted": roles_required("secret")(roles_accepted("sauce", "agent")(act)),
}
OTHERS = {
    "recent": recent_login_required(act),
    "recent-mixin": RecentAct.as_view(),
    "unconfirmed": allow_unconfirmed_email(act),
    "template": in_template,
    "test": user_passes_test(lambda user: user.username == "frida")(act),
    "permission": permission_required("useraccounts.view_user")(act),
    "registered": user_passes_test(lambda user: False, login_url="/accounts/register/")(act),
}

urlpatterns = [
    *[path(f"{name}/", view, name=name) for name, view in {**SECRET, **OTHERS}.items()],
    path("write/", write),
    path("basic/", AnybodysSuppers.as_view()),
    path("", include("testproject.urls")),
]
