"""
Guards for views: functions, sync or async, whole classes, ``method_decorator``, and all that a
``path()`` includes.
"""

from collections.abc import Callable, Sequence
from functools import partial, wraps
from types import ModuleType
from typing import Any, TypeVar

from asgiref.sync import iscoroutinefunction
from django.urls import ResolverMatch, URLPattern, URLResolver
from django.urls.resolvers import RoutePattern
from django.views import View

from .guards import Guard, guard_of, mark
from .requirements import Need, Requirement

#: A view function, sync or async, or a View class; it comes back as what it was.
V = TypeVar("V", bound=Callable[..., Any])

#: What ``include()`` returns and ``path()`` takes; ``admin.site.urls`` is one, too.
Included = tuple[ModuleType | Sequence[URLPattern | URLResolver] | None, str | None, str | None]


def roles_required(*needs: Need) -> Callable[[V], V]:
    """
    Show the view to users who meet every need; a list is met by one of its roles::

        @roles_required("starving", ["artist", "programmer"])  # starving AND (artist OR programmer)

    Strangers are sent to log in (401 for a client that prefers JSON), users without a confirmed
    address to confirm it, others get a page with status 403. Raises TypeError or ValueError when a
    need cannot be meant, such as none at all.
    """
    return _guarding(Guard(Requirement(*needs).noted_for_check()))


def roles_accepted(*names: str) -> Callable[[V], V]:
    """Show the view to users with at least one of the roles: ``@roles_accepted("a", "b")``."""
    return _guarding(Guard(Requirement.any_of(*names).noted_for_check()))


def allow_unconfirmed_email(view: V) -> V:
    """
    Show the view to logged-in users whose address is not confirmed, too.

    Beside other guards of this module it lifts their demand for a confirmed address, in any order.
    """
    return _guarding(Guard(allow_unconfirmed_email=True))(view)


def confirmed_email_required(view: V) -> V:
    """
    Show the view to logged-in users with a confirmed address, whatever their roles.

    Django's ``login_required`` lets those in, too, who have yet to confirm.
    """
    return _guarding(Guard())(view)


def recent_login_required(view: V) -> V:
    """Show the view to users who logged in lately (RECENT_LOGIN_MAX_AGE); others prove it again."""
    return _guarding(Guard(recent_login=True))(view)


def guarded(included: Included, *needs: Need) -> Included:
    """
    Show every view below a ``path()`` to users who meet every need only::

        path("staff/", guarded(include("mysite.staff.urls"), "staff"))
        path("admin/", guarded(admin.site.urls, ["caretaker", "treasurer"]))

    It is ``roles_required`` on each of the views: what they ask themselves is asked as well, and
    what they allow, such as an address that is not confirmed, is allowed. ``reverse`` and
    namespaces are as without it. A login page must not be among them. Raises TypeError or
    ValueError when a need cannot be meant, or when it is no include.
    """
    try:
        urlconf, app_name, namespace = included
    except (TypeError, ValueError):
        raise TypeError(f"guarded() takes what include() returns, not {included!r}.") from None
    guard = Guard(Requirement(*needs).noted_for_check())
    return [_GuardedResolver(urlconf, guard)], app_name, namespace


class _GuardedResolver(URLResolver):
    """
    Puts the guard before the view that is found, and leaves the patterns as they are.

    So whatever they include in turn is guarded, and ``reverse`` finds a view by itself, too.
    """

    def __init__(self, urlconf: Any, guard: Guard) -> None:
        super().__init__(RoutePattern("", is_endpoint=False), urlconf)
        self._decorate = _guarding(guard)
        self._guarded: dict[Callable[..., Any], Callable[..., Any]] = {}

    def resolve(self, path: str) -> ResolverMatch:
        match = super().resolve(path)
        view = match.func
        if view not in self._guarded:
            self._guarded[view] = self._decorate(view)
        match.func = self._guarded[view]
        return match


def _guarding(guard: Guard) -> Callable[[V], V]:
    def decorate(view: V) -> V:
        # What is written on the view is all that it asks: a second guard adds to the first.
        instance = _instance_of(view)
        both = guard
        for inner in filter(None, (guard_of(view), instance and guard_of(type(instance)))):
            both &= inner
        if isinstance(view, type):
            view.dispatch = _guarded_dispatch(view.dispatch, both)  # type: ignore[attr-defined]
            mark(view.dispatch, both)  # type: ignore[attr-defined]
            return view
        guarded: Any
        if iscoroutinefunction(view) or getattr(instance, "view_is_async", False):
            guarded = _guarded_async(view, both)
        else:
            behind = _behind(view)
            guarded = wraps(view)(partial(both.call, behind))
            # What it calls; the attributes are those of the guard that it takes the place of.
            guarded.__wrapped__ = guarded.behind = behind
        mark(guarded, both)
        result: V = guarded
        return result

    return decorate


def _behind(view: Any) -> Any:
    """Return what is behind a guard, so that any number of guards cost what one does."""
    # A decorator around a guard takes over its attributes, and wraps something else.
    behind = getattr(view, "behind", None)
    is_guard = behind is not None and behind is getattr(view, "__wrapped__", None)
    return behind if is_guard else view


def _guarded_async(view: Callable[..., Any], guard: Guard) -> Callable[..., Any]:
    @wraps(view)
    async def guarded(request: Any, *args: Any, **kwargs: Any) -> Any:
        return await guard.acall(view, request, *args, **kwargs)

    return guarded


def _guarded_dispatch(dispatch: Callable[..., Any], guard: Guard) -> Callable[..., Any]:
    @wraps(dispatch)
    def guarded(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        call = guard.acall if self.view_is_async else guard.call
        return call(partial(dispatch, self), request, *args, **kwargs)

    return guarded


def _instance_of(view: Any) -> Any:
    """
    Return the View whose dispatch ``method_decorator`` hands over, else None.

    It hands over a partial of the bound method, under whatever decorators stand between. An async
    View's dispatch is a plain function whose result has to be awaited: only the View tells.
    """
    while view is not None:
        instance = getattr(getattr(view, "func", None), "__self__", None)
        if isinstance(instance, View):
            return instance
        view = getattr(view, "__wrapped__", None)
    return None
