"""
Who may see a page: one value that decorators and mixins put before a view.

The user of a request comes with the names of its roles, so that asking costs no query.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render, resolve_url
from django.urls import Resolver404, get_script_prefix, resolve, reverse
from django.utils.cache import patch_cache_control

from .conf import conf
from .headers import protect
from .identity import has_emails
from .proof import is_proof_recent, load_proof
from .requirements import Requirement
from .site import site_name

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

View = Callable[..., HttpResponseBase]
AsyncView = Callable[..., Awaitable[HttpResponseBase]]

#: Browsers and programs send some dozens of characters.
ACCEPT_MAX_LENGTH = 2000

_ALLOWED_ON_REQUEST = "_useraccounts_allow_unconfirmed_email"


@dataclass(frozen=True)
class Guard:
    """
    What a page asks of its visitor, who has to be logged in, active, and to be reachable.

    Where there are terms of service, the visitor has to have accepted those that are in force.
    """

    requirement: Requirement | None = None
    allow_unconfirmed_email: bool = False
    recent_login: bool = False
    allow_outdated_terms: bool = False

    def __and__(self, other: "Guard") -> "Guard":
        """Return the guard of a page that stands behind both."""
        both = [guard.requirement for guard in (self, other) if guard.requirement]
        return Guard(
            reduce(and_, both) if both else None,
            allow_unconfirmed_email=self.allow_unconfirmed_email or other.allow_unconfirmed_email,
            recent_login=self.recent_login or other.recent_login,
            allow_outdated_terms=self.allow_outdated_terms or other.allow_outdated_terms,
        )

    def call(self, view: View, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return the page, or the refusal."""
        obstacle = self._obstacle(request, request.user)
        if obstacle:
            return self._refuse(request, obstacle)
        return _for_this_visitor(view(request, *args, **kwargs))

    async def acall(
        self, view: AsyncView, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """
        Return the page of an async view, or the refusal.

        A thread is waited for by who asks the database, which is ``request.auser()`` alone, and for
        the page that refuses. The view finds the same user as ``request.user``, with no query.
        """
        user = await _load_visitor(request)
        if self.recent_login:
            await load_proof(request)
        obstacle = self._obstacle(request, user)
        if not obstacle:
            return _for_this_visitor(await view(request, *args, **kwargs))
        if obstacle == "forbidden" and not _prefers_json(request):
            # Templates may read the database.
            return await sync_to_async(self._refuse)(request, obstacle)
        return self._refuse(request, obstacle)

    def obstacle_for(self, user: Any, *, allow_unconfirmed_email: bool = False) -> str:
        """
        Return the first thing that keeps ``user`` from the page, as JSON names it, or "".

        Not a login that is too long ago: that is up to the session, and cured on the spot. A guard
        outside this one may have allowed an address that is not confirmed.
        """
        if not getattr(user, "is_authenticated", False):
            return "login_required"
        if not _is_open(user):
            return "forbidden"
        if not self.allow_outdated_terms and user.terms_version != conf.TERMS_VERSION != "":
            return "terms_not_accepted"
        if not (allow_unconfirmed_email or self.allow_unconfirmed_email) and _lacks_email(user):
            return "email_not_confirmed"
        if self.requirement and not self.requirement.matches(user.role_names):
            return "forbidden"
        return ""

    def _obstacle(self, request: HttpRequest, user: Any) -> str:
        if self.allow_unconfirmed_email:
            # For the guards inside this one, whichever way round they were written.
            setattr(request, _ALLOWED_ON_REQUEST, True)
        is_allowed = getattr(request, _ALLOWED_ON_REQUEST, False)
        obstacle = self.obstacle_for(user, allow_unconfirmed_email=is_allowed)
        if not obstacle and self.recent_login and not is_proof_recent(request):
            return "confirm_identity"
        return obstacle

    def _refuse(self, request: HttpRequest, obstacle: str) -> HttpResponseBase:
        if obstacle == "forbidden":
            return forbid(request, self.requirement)
        if obstacle == "login_required":
            return _send_to(request, resolve_url(settings.LOGIN_URL), obstacle, status=401)
        pages = {
            "terms_not_accepted": "accept_terms",
            "email_not_confirmed": "emails",
            "confirm_identity": obstacle,
        }
        return _send_to(request, reverse(f"useraccounts:{pages[obstacle]}"), obstacle, status=403)


async def _load_visitor(request: HttpRequest) -> Any:
    """Return the user of an async request with all that a guard asks, which costs no query then."""
    user: Any = await request.auser()
    if user.is_authenticated and not getattr(user, "is_loaded", True):
        await sync_to_async(user.load)()
    # By this name templates ask for it, and Django's own would ask the database in the event loop.
    request.user = user
    return user


def _for_this_visitor(page: HttpResponseBase) -> HttpResponseBase:
    """
    Keep a page out of caches that others are served from, unless it is said to be public.

    One that stands before the guard, as ``cache_page(60)(SecretPage.as_view())`` does, would show
    it to strangers, and that of the whole site to who has lost the role.
    """
    if isinstance(page, HttpResponseBase):
        asked = page.headers.get("Cache-Control")
        if asked is None:
            page.headers["Cache-Control"] = "private"
        elif "public" not in asked:
            patch_cache_control(page, private=True)
    return page


def _is_open(user: Any) -> bool:
    # A user of another model, as some token brings it, has no roles that could be known.
    return user.is_active and not getattr(user, "is_closed", True)


def _lacks_email(user: Any) -> bool:
    return not user.has_confirmed_email and has_emails()


def may_visit(
    user: "AbstractBaseUser | AnonymousUser | None", url_name: str, *args: object, **kwargs: object
) -> bool:
    """
    Say whether the page of a URL is open to ``user``: logged in, confirmed, with the roles it asks.

    Read are the guards of this package alone: a page that has none, or only Django's
    ``login_required``, is open to everybody here. A login that is too long ago is no obstacle, as
    it can be renewed on the way. Raises NoReverseMatch like ``reverse``; no query for a user that
    comes with a request.
    """
    # What answers is asked for by path: another view may stand before the one of that name.
    path = "/" + reverse(url_name, args=args, kwargs=kwargs).removeprefix(get_script_prefix())
    try:
        view = resolve(unquote(path)).func
    except Resolver404:
        return False
    page, handler = guard_of(view), _guard_of_get(view)
    is_allowed = page is not None and page.allow_unconfirmed_email
    return not (page and page.obstacle_for(user)) and not (
        handler and handler.obstacle_for(user, allow_unconfirmed_email=is_allowed)
    )


# The guards that stand on a view


def mark(view: Any, guard: Guard) -> None:
    """Write on a view what it asks of its visitor, for ``guard_of``."""
    # method_decorator and wraps copy attributes from one function to the next: equal names would
    # hide one guard behind another.
    vars(view)[f"_useraccounts_guard_{id(guard)}"] = guard


def guard_of(view: Any) -> Guard | None:
    """Return all that a view, or a View class, asks of every request, None if nothing."""
    view_class = view if isinstance(view, type) else getattr(view, "view_class", object)
    guards = [*_marks(view), *_marks_in(view_class, "dispatch")]
    asked = getattr(view_class, "guard", None)
    guards += [asked] if isinstance(asked, Guard) else []
    return reduce(and_, guards) if guards else None


def _guard_of_get(view: Any) -> Guard | None:
    """Return what only the handler of a visit asks, inside what guards the whole View."""
    guards = [*_marks_in(getattr(view, "view_class", object), "get")]
    return reduce(and_, guards) if guards else None


def _marks_in(view_class: type, method: str) -> Iterator[Guard]:
    # Those of a parent's method count as well: they do for who calls super().
    for base in view_class.__mro__:
        yield from _marks(vars(base).get(method))


def _marks(view: Any) -> Iterator[Guard]:
    # From outside to inside: what was wrapped last was marked last.
    attributes = reversed(getattr(view, "__dict__", {}).values())
    return (value for value in attributes if isinstance(value, Guard))


# The refusals


def _send_to(request: HttpRequest, url: str, error: str, *, status: int) -> HttpResponseBase:
    """Send a browser to the page that helps, and tell a program what is missing."""
    if _prefers_json(request):
        answer = JsonResponse({"error": error}, status=status)
        if status == 401:
            # RFC 9110, 11.6.1: an answer of 401 has to name a scheme.
            answer["WWW-Authenticate"] = f'Session realm="{request.get_host()}"'
        return answer
    # Only the path goes along: the way back can then never lead to another host.
    return redirect_to_login(request.get_full_path(), url)


def forbid(request: HttpRequest, missing: Requirement | None = None) -> HttpResponse:
    """
    Return the refusal of a guard, with status 403: a page, or JSON for who prefers it.

    What is missing is told to staff only, since it tells how to attack.
    """
    if _prefers_json(request):
        return JsonResponse({"error": "forbidden"}, status=403)
    user: Any = request.user
    is_told = missing is not None and user.is_active and user.is_staff
    context = {"missing": str(missing) if is_told else "", "site_name": site_name(request)}
    return protect(render(request, "useraccounts/forbidden.html", context, status=403))


def _prefers_json(request: HttpRequest) -> bool:
    if len(request.headers.get("Accept", "")) > ACCEPT_MAX_LENGTH:
        # Reading an endless one takes long, and Django from 6.0 on refuses to.
        return False
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"
