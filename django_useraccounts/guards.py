"""
Who may see a page: one value that decorators and mixins put before a view.

The user of a request comes with the names of its roles, so that asking costs no query.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render, resolve_url
from django.urls import reverse

from .conf import conf
from .identity import has_emails
from .proof import is_proof_recent
from .requirements import Requirement, guarded_names
from .site import site_name

View = Callable[..., HttpResponseBase]
AsyncView = Callable[..., Awaitable[HttpResponseBase]]

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

    def __post_init__(self) -> None:
        if self.requirement:
            guarded_names.update(*self.requirement.needs)

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
        return self._refuse(request, obstacle) if obstacle else view(request, *args, **kwargs)

    async def acall(
        self, view: AsyncView, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Return the page of an async view, or the refusal; who passes costs no thread."""
        user = await request.auser()
        if user.is_authenticated and not getattr(user, "is_loaded", True):
            await sync_to_async(user.load)()
        obstacle = self._obstacle(request, user)
        if obstacle:
            # Pages are rendered in a thread: templates may read the database.
            return await sync_to_async(self._refuse)(request, obstacle)
        return await view(request, *args, **kwargs)

    def _obstacle(self, request: HttpRequest, user: Any) -> str:
        """Return the first thing that keeps ``user`` from the page, as JSON names it, or ""."""
        if not user.is_authenticated:
            return "login_required"
        if not user.is_active or user.is_closed:
            return "forbidden"
        if not self.allow_outdated_terms and user.terms_version != conf.TERMS_VERSION != "":
            return "terms_not_accepted"
        if self._lacks_email(request, user):
            return "email_not_confirmed"
        if self.requirement and not self.requirement.matches(user.role_names):
            return "forbidden"
        if self.recent_login and not is_proof_recent(request):
            return "confirm_identity"
        return ""

    def _lacks_email(self, request: HttpRequest, user: Any) -> bool:
        if self.allow_unconfirmed_email:
            # For the guards inside this one, whichever way round they were written.
            setattr(request, _ALLOWED_ON_REQUEST, True)
        is_allowed = getattr(request, _ALLOWED_ON_REQUEST, False)
        return not (is_allowed or user.has_confirmed_email) and has_emails()

    def _refuse(self, request: HttpRequest, obstacle: str) -> HttpResponseBase:
        if obstacle == "forbidden":
            return _forbid(request, self.requirement)
        if obstacle == "login_required":
            return _send_to(request, resolve_url(settings.LOGIN_URL), obstacle, status=401)
        pages = {
            "terms_not_accepted": "accept_terms",
            "email_not_confirmed": "emails",
            "confirm_identity": obstacle,
        }
        return _send_to(request, reverse(f"useraccounts:{pages[obstacle]}"), obstacle, status=403)


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


def _forbid(request: HttpRequest, missing: Requirement | None) -> HttpResponseBase:
    """Refuse; what is missing is told to staff only, since it tells how to attack."""
    if _prefers_json(request):
        return JsonResponse({"error": "forbidden"}, status=403)
    user: Any = request.user
    is_told = missing is not None and user.is_active and user.is_staff
    context = {"missing": str(missing) if is_told else "", "site_name": site_name(request)}
    return render(request, "useraccounts/forbidden.html", context, status=403)


def _prefers_json(request: HttpRequest) -> bool:
    try:
        return request.get_preferred_type(["text/html", "application/json"]) == "application/json"
    except ValueError:
        # Django from 6.0 on refuses to read an endless Accept header.
        return False
