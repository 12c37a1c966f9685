"""Pages for who tries the demo: no real site has pages like these."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse


def debug_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Hide the view from everybody where DEBUG is off."""

    @wraps(view)
    def hidden(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.DEBUG:
            raise Http404
        return view(request, *args, **kwargs)

    return hidden
