"""The headers of every answer of the account pages, whatever middleware a project has."""

from typing import TypeVar

from django.http.response import HttpResponseBase
from django.utils.cache import add_never_cache_headers

Answer = TypeVar("Answer", bound=HttpResponseBase)


def protect(answer: Answer) -> Answer:
    """
    Let an answer be kept by nobody, framed by nobody, and told to no other site by a Referer.

    What the view has said itself of frames and the Referer stays. ASVS 5.0: 3.4.4, 3.4.5, 14.3.2;
    what 3.4.6 asks for, frame-ancestors, stands in the policy for content of the site.
    """
    add_never_cache_headers(answer)
    answer.headers.setdefault("X-Frame-Options", "DENY")
    # Not no-referrer: with it browsers send "Origin: null" with a form, which Django refuses.
    answer.headers.setdefault("Referrer-Policy", "same-origin")
    answer.headers.setdefault("X-Content-Type-Options", "nosniff")
    return answer
