"""Who asks for the user of a request asks also whether the session was ended."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import SimpleLazyObject

from ..cookies import cookie_name
from ..devices import COOKIE, remember_device
from .keeping import avisitor, visitor, watch


class SessionsMiddleware:
    """
    Stand right after AuthenticationMiddleware, before anybody can have asked for the user.

    A request in which nobody asks for the user costs nothing, any other one statement.
    """

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.is_async:
            return self._acall(request)
        _stand_before(request)
        response: HttpResponseBase = self.get_response(request)
        return _with_device(response, request)

    async def _acall(self, request: HttpRequest) -> HttpResponseBase:
        _stand_before(request)
        return _with_device(await self.get_response(request), request)


def _stand_before(request: HttpRequest) -> None:
    watch(request)
    request.user = SimpleLazyObject(partial(visitor, request))  # type: ignore[assignment]
    request.auser = partial(avisitor, request)


def _with_device(response: HttpResponseBase, request: HttpRequest) -> HttpResponseBase:
    """Tell the browser that it is known, on pages that are none of the accounts, too."""
    # After an outage nobody is to be asked who is there.
    if cookie_name(COOKIE) not in response.cookies and response.status_code < 500:
        remember_device(response, request)
    return response
