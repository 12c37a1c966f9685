"""The policy for content as a header, where Django has no middleware for it yet (before 6.0)."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

GetResponse = Callable[[HttpRequest], HttpResponse]


def content_policy(get_response: GetResponse) -> GetResponse:
    """Say what a page may load and where its forms may lead, unless its view has said so."""
    directives = settings.SECURE_CSP.items()
    policy = "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives)

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        # Django's own pages about an error have their style inside.
        if not (settings.DEBUG and response.status_code in (404, 500)):
            response.headers.setdefault("Content-Security-Policy", policy)
        return response

    return answer
