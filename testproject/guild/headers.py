"""The policy for content as a header, where Django has no middleware for it yet (before 6.0)."""

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_and_async_middleware

GetResponse = Callable[[HttpRequest], Any]


@sync_and_async_middleware
def content_policy(get_response: GetResponse) -> GetResponse:
    """Say what a page may load and where its forms may lead, unless its view has said so."""
    directives = settings.SECURE_CSP.items()
    policy = "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives)

    def with_policy(response: HttpResponse) -> HttpResponse:
        # Django's own pages about an error have their style inside.
        if not (settings.DEBUG and response.status_code in (404, 500)):
            response.headers.setdefault("Content-Security-Policy", policy)
        return response

    async def answer_async(request: HttpRequest) -> HttpResponse:
        return with_policy(await get_response(request))

    def answer(request: HttpRequest) -> HttpResponse:
        return with_policy(get_response(request))

    return answer_async if iscoroutinefunction(get_response) else answer
