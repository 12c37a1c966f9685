"""Pages under every kind of guard, each written as a project might write it."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from django_useraccounts.decorators import (
    allow_unconfirmed_email,
    recent_login_required,
    roles_accepted,
    roles_required,
)
from django_useraccounts.mixins import (
    AllowUnconfirmedEmailMixin,
    RecentLoginRequiredMixin,
    RolesAcceptedMixin,
    RolesRequiredMixin,
)

NEEDS: tuple[str, list[str]] = ("starving", ["artist", "programmer"])

#: Views by the name of their URL, ``guards/<name>/``, in groups that ask for the same.
STARVING: dict[str, Callable[..., Any]] = {}
ACCEPTED: dict[str, Callable[..., Any]] = {}
UNCONFIRMED: dict[str, Callable[..., Any]] = {}
RECENT: dict[str, Callable[..., Any]] = {}
UNCONFIRMED_STARVING: dict[str, Callable[..., Any]] = {}
STACKED: dict[str, Callable[..., Any]] = {}


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"Welcome, {request.user}.")


async def async_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"Welcome, {await request.auser()}.")


class Page(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return page(request)

    def post(self, request: HttpRequest) -> HttpResponse:
        return page(request)


class AsyncPage(View):
    async def get(self, request: HttpRequest) -> HttpResponse:
        return await async_page(request)

    async def post(self, request: HttpRequest) -> HttpResponse:
        return await async_page(request)


def polite(view: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator of the project's own, sync and async, that knows nothing of guards."""
    if iscoroutinefunction(view):

        @wraps(view)
        async def apolite(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            return await view(request, *args, **kwargs)

        return apolite

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return view(request, *args, **kwargs)

    return wrapper


# @roles_required in every place that a decorator can stand in


@roles_required(*NEEDS)
class DecoratedPage(Page):
    pass


@roles_required(*NEEDS)
class DecoratedAsyncPage(AsyncPage):
    pass


class ChildOfDecoratedPage(DecoratedPage):
    pass


@method_decorator(roles_required(*NEEDS), name="dispatch")
class DispatchPage(Page):
    pass


@method_decorator(roles_required(*NEEDS), name="dispatch")
class DispatchAsyncPage(AsyncPage):
    pass


@method_decorator([never_cache, roles_required(*NEEDS), polite], name="dispatch")
class DispatchAmongOthersPage(Page):
    pass


class HandlerPage(View):
    @method_decorator(roles_required(*NEEDS))
    def get(self, request: HttpRequest) -> HttpResponse:
        return page(request)

    @method_decorator(roles_required(*NEEDS))
    def post(self, request: HttpRequest) -> HttpResponse:
        return page(request)


class AsyncHandlerPage(View):
    @method_decorator(roles_required(*NEEDS))
    async def get(self, request: HttpRequest) -> HttpResponse:
        return await async_page(request)

    @method_decorator(roles_required(*NEEDS))
    async def post(self, request: HttpRequest) -> HttpResponse:
        return await async_page(request)


@method_decorator(roles_required(*NEEDS), name="get")
@method_decorator(roles_required(*NEEDS), name="post")
class NamedHandlerPage(Page):
    pass


@method_decorator(roles_required(*NEEDS), name="get")
@method_decorator(roles_required(*NEEDS), name="post")
class NamedAsyncHandlerPage(AsyncPage):
    pass


class MixinPage(RolesRequiredMixin, Page):
    roles_required = NEEDS


class MixinAsyncPage(RolesRequiredMixin, AsyncPage):
    roles_required = NEEDS


class ChildOfMixinPage(MixinPage):
    pass


STARVING |= {
    "function": roles_required(*NEEDS)(page),
    "async-function": roles_required(*NEEDS)(async_page),
    "below-another": polite(roles_required(*NEEDS)(page)),
    "above-another": roles_required(*NEEDS)(polite(page)),
    "async-below-another": polite(roles_required(*NEEDS)(async_page)),
    "async-above-another": roles_required(*NEEDS)(polite(async_page)),
    "beside-login-required": login_required(roles_required(*NEEDS)(page)),
    "around-as-view": roles_required(*NEEDS)(Page.as_view()),
    "around-async-as-view": roles_required(*NEEDS)(AsyncPage.as_view()),
    "class": DecoratedPage.as_view(),
    "async-class": DecoratedAsyncPage.as_view(),
    "child-of-class": ChildOfDecoratedPage.as_view(),
    "dispatch": DispatchPage.as_view(),
    "async-dispatch": DispatchAsyncPage.as_view(),
    "dispatch-among-others": DispatchAmongOthersPage.as_view(),
    "handler": HandlerPage.as_view(),
    "async-handler": AsyncHandlerPage.as_view(),
    "named-handler": NamedHandlerPage.as_view(),
    "named-async-handler": NamedAsyncHandlerPage.as_view(),
    "mixin": MixinPage.as_view(),
    "async-mixin": MixinAsyncPage.as_view(),
    "child-of-mixin": ChildOfMixinPage.as_view(),
}


# At least one of several


class AcceptedMixinPage(RolesAcceptedMixin, Page):
    roles_accepted = ("artist", "editor")


class AcceptedMixinAsyncPage(RolesAcceptedMixin, AsyncPage):
    roles_accepted = ["artist", "editor"]


ACCEPTED |= {
    "accepted": roles_accepted("artist", "editor")(page),
    "async-accepted": roles_accepted("artist", "editor")(async_page),
    "required-one-of": roles_required(["artist", "editor"])(page),
    "accepted-mixin": AcceptedMixinPage.as_view(),
    "async-accepted-mixin": AcceptedMixinAsyncPage.as_view(),
}


# Without a confirmed address


@allow_unconfirmed_email
class UnconfirmedPage(Page):
    pass


class UnconfirmedMixinPage(AllowUnconfirmedEmailMixin, Page):
    pass


class UnconfirmedMixinAsyncPage(AllowUnconfirmedEmailMixin, AsyncPage):
    pass


UNCONFIRMED |= {
    "unconfirmed": allow_unconfirmed_email(page),
    "async-unconfirmed": allow_unconfirmed_email(async_page),
    "unconfirmed-class": UnconfirmedPage.as_view(),
    "unconfirmed-mixin": UnconfirmedMixinPage.as_view(),
    "async-unconfirmed-mixin": UnconfirmedMixinAsyncPage.as_view(),
}


# Without a confirmed address, but with roles: in whatever order it is written


@roles_required(*NEEDS)
@allow_unconfirmed_email
class RolesAboveClass(Page):
    pass


@allow_unconfirmed_email
@roles_required(*NEEDS)
class RolesBelowClass(AsyncPage):
    pass


@method_decorator([roles_required(*NEEDS), allow_unconfirmed_email], name="dispatch")
class RolesFirstOnDispatch(Page):
    pass


@method_decorator([allow_unconfirmed_email, roles_required(*NEEDS)], name="dispatch")
class RolesLastOnDispatch(Page):
    pass


@method_decorator([roles_required(*NEEDS), allow_unconfirmed_email], name="dispatch")
class RolesFirstOnAsyncDispatch(AsyncPage):
    pass


@method_decorator([allow_unconfirmed_email, roles_required(*NEEDS)], name="dispatch")
class RolesLastOnAsyncDispatch(AsyncPage):
    pass


@method_decorator(allow_unconfirmed_email, name="dispatch")
@method_decorator(roles_required(*NEEDS), name="dispatch")
class RolesBelowDispatch(Page):
    pass


@method_decorator(roles_required(*NEEDS), name="dispatch")
@method_decorator(allow_unconfirmed_email, name="dispatch")
class RolesAboveDispatch(Page):
    pass


class UnconfirmedAndRoles(AllowUnconfirmedEmailMixin, RolesRequiredMixin, Page):
    roles_required = NEEDS


class RolesAndUnconfirmed(RolesRequiredMixin, AllowUnconfirmedEmailMixin, AsyncPage):
    roles_required = NEEDS


@allow_unconfirmed_email
class UnconfirmedAboveMixin(RolesRequiredMixin, Page):
    roles_required = NEEDS


@roles_required(*NEEDS)
class RolesAboveMixin(AllowUnconfirmedEmailMixin, Page):
    pass


@method_decorator(allow_unconfirmed_email, name="dispatch")
class UnconfirmedDispatchAboveMixin(RolesRequiredMixin, Page):
    roles_required = NEEDS


@method_decorator(roles_required(*NEEDS), name="dispatch")
class RolesDispatchAboveMixin(AllowUnconfirmedEmailMixin, Page):
    pass


class RolesOnHandler(AllowUnconfirmedEmailMixin, View):
    @method_decorator(roles_required(*NEEDS))
    def get(self, request: HttpRequest) -> HttpResponse:
        return page(request)


UNCONFIRMED_STARVING |= {
    "unconfirmed-above-roles": allow_unconfirmed_email(roles_required(*NEEDS)(page)),
    "unconfirmed-below-roles": roles_required(*NEEDS)(allow_unconfirmed_email(page)),
    "unconfirmed-above-async": allow_unconfirmed_email(roles_required(*NEEDS)(async_page)),
    "unconfirmed-below-async": roles_required(*NEEDS)(allow_unconfirmed_email(async_page)),
    "unconfirmed-above-far": allow_unconfirmed_email(polite(roles_required(*NEEDS)(page))),
    "unconfirmed-below-far": roles_required(*NEEDS)(polite(allow_unconfirmed_email(page))),
    "unconfirmed-below-class": RolesAboveClass.as_view(),
    "unconfirmed-above-class": RolesBelowClass.as_view(),
    "unconfirmed-last-on-dispatch": RolesFirstOnDispatch.as_view(),
    "unconfirmed-first-on-dispatch": RolesLastOnDispatch.as_view(),
    "unconfirmed-last-on-async-dispatch": RolesFirstOnAsyncDispatch.as_view(),
    "unconfirmed-first-on-async-dispatch": RolesLastOnAsyncDispatch.as_view(),
    "unconfirmed-above-dispatch": RolesBelowDispatch.as_view(),
    "unconfirmed-below-dispatch": RolesAboveDispatch.as_view(),
    "unconfirmed-mixin-first": UnconfirmedAndRoles.as_view(),
    "unconfirmed-mixin-last": RolesAndUnconfirmed.as_view(),
    "unconfirmed-above-mixin": UnconfirmedAboveMixin.as_view(),
    "roles-above-unconfirmed-mixin": RolesAboveMixin.as_view(),
    "unconfirmed-dispatch-above-mixin": UnconfirmedDispatchAboveMixin.as_view(),
    "roles-dispatch-above-mixin": RolesDispatchAboveMixin.as_view(),
    "roles-on-handler": RolesOnHandler.as_view(),
}


# After a login that is not long ago


class RecentMixinPage(RecentLoginRequiredMixin, Page):
    pass


class RecentMixinAsyncPage(RecentLoginRequiredMixin, AsyncPage):
    pass


RECENT |= {
    "recent": recent_login_required(page),
    "async-recent": recent_login_required(async_page),
    "recent-and-roles": recent_login_required(roles_required("artist")(page)),
    "roles-and-recent": roles_required("artist")(recent_login_required(page)),
    "recent-mixin": RecentMixinPage.as_view(),
    "async-recent-mixin": RecentMixinAsyncPage.as_view(),
}


# One guard above another: both count


@roles_required("starving")
@roles_required("artist")
class TwiceDecorated(Page):
    pass


@roles_required("starving")
class ChildDecoratedAgain(RolesAcceptedMixin, Page):
    roles_accepted = ("artist",)


class BothMixins(RolesRequiredMixin, RolesAcceptedMixin, Page):
    roles_required = ("starving",)
    roles_accepted = ("artist", "programmer")


class Starving(RolesRequiredMixin, Page):
    roles_required = ("starving",)


class MixinAndHandler(Starving):
    @method_decorator(roles_required("artist"))
    def get(self, request: HttpRequest) -> HttpResponse:
        return page(request)


STACKED |= {
    "twice": roles_required("starving")(roles_required("artist")(page)),
    "async-twice": roles_required("artist")(roles_accepted("starving")(async_page)),
    "twice-far": roles_required("starving")(polite(polite(roles_required("artist")(page)))),
    "twice-class": TwiceDecorated.as_view(),
    "decorator-and-mixin": ChildDecoratedAgain.as_view(),
    "both-mixins": BothMixins.as_view(),
    "mixin-and-handler": MixinAndHandler.as_view(),
}

ALL = STARVING | ACCEPTED | UNCONFIRMED | RECENT | UNCONFIRMED_STARVING | STACKED
